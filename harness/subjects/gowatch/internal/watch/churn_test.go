package watch

import (
	"net"
	"os"
	"runtime"
	"runtime/metrics"
	"testing"
)

// BenchmarkPoll measures what one poll allocates, where it is run: on another platform, on another processor.
// runtime/metrics is exact after a collection only, see the meter's tests.
func BenchmarkPoll(b *testing.B) {
	links, err := net.Interfaces()
	if err != nil || len(links) == 0 {
		b.Skip("no interface to look up:", err)
	}
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	allocated := func() uint64 {
		runtime.GC()
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	allocated()
	before := allocated()
	own := allocated() - before // of a collection and a reading
	before = allocated()
	for b.Loop() {
		if _, err := lookUp(links[0].Name); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(allocated()-before-own)/float64(b.N), "B/poll")
	b.ReportMetric(float64(len(links)), "links")
	b.ReportMetric(float64(os.Getpagesize()), "page-B")
}
