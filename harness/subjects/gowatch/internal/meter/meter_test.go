package meter

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

var sink []byte

func marked(t *testing.T, meter *Meter) (bytes, objects uint64) {
	t.Helper()
	bytes, objects, err := meter.Mark()
	if err != nil {
		t.Fatal(err)
	}
	return bytes, objects
}

func made(t *testing.T, folder string) *Meter {
	t.Helper()
	meter, err := New(folder)
	if err != nil {
		t.Fatal(err)
	}
	return meter
}

// settled marks once, so that what is made only the first time is made.
func settled(t *testing.T, folder string) *Meter {
	t.Helper()
	meter := made(t, folder)
	marked(t, meter)
	marked(t, meter)
	return meter
}

func folders(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{"alone": "", "with profiles": t.TempDir()}
}

// The runtime allocates by itself now and then, as when it starts a thread. It does so rarely, so the least of several
// differences is what idling costs.
func TestIdlingIsNothing(t *testing.T) {
	for what, folder := range folders(t) {
		meter := settled(t, folder)
		least := ^uint64(0)
		for range 5 {
			before, _ := marked(t, meter)
			time.Sleep(time.Millisecond)
			after, _ := marked(t, meter)
			least = min(least, after-before)
		}
		if least != 0 {
			t.Errorf("%s: %d bytes while nothing happened", what, least)
		}
	}
}

func TestKnownChurnIsCountedToTheByte(t *testing.T) {
	for what, folder := range folders(t) {
		meter := settled(t, folder)
		leastBytes, leastObjects := ^uint64(0), ^uint64(0)
		for range 5 {
			bytes, objects := marked(t, meter)
			for range 10 {
				sink = make([]byte, 100)
			}
			bytesAfter, objectsAfter := marked(t, meter)
			leastBytes, leastObjects = min(leastBytes, bytesAfter-bytes), min(leastObjects, objectsAfter-objects)
		}
		if leastBytes != 10*112 || leastObjects != 10 { // 112 is the class that 100 bytes are rounded up to
			t.Errorf("%s: counted %d bytes in %d objects", what, leastBytes, leastObjects)
		}
	}
}

// TestWhyReadMemStats holds the claim on which Mark rests: runtime/metrics alone is late, and collecting or reading the
// memory statistics makes it exact. If it ever fails, a cheaper count has become possible.
func TestWhyReadMemStats(t *testing.T) {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	read := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	var stats runtime.MemStats
	runtime.GC()
	before := read()
	for range 10 {
		sink = make([]byte, 100)
	}
	alone := read() - before
	runtime.ReadMemStats(&stats)
	flushed := read() - before
	if alone >= 10*112 || flushed < 10*112 {
		t.Errorf("%d bytes by runtime/metrics alone, %d after reading the memory statistics", alone, flushed)
	}
}

func TestProfilesAreWrittenAtEachMark(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	meter := made(t, folder)
	marked(t, meter)
	marked(t, meter)
	for _, name := range []string{
		"mark-0001.allocs.pb.gz", "mark-0001.heap.pb.gz", "mark-0002.allocs.pb.gz", "mark-0002.heap.pb.gz",
	} {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || len(data) < 2 || data[0] != 0x1f || data[1] != 0x8b {
			t.Errorf("%s: %d bytes (%v)", name, len(data), err)
		}
	}
}

func TestAProfileThatCannotBeWrittenIsAnError(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "gone")
	meter := made(t, folder)
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	if _, _, err := meter.Mark(); err == nil {
		t.Error("no error")
	}
}
