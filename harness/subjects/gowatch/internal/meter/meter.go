// Package meter counts what this process allocates on the heap, its own counting left out.
package meter

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
)

// Meter reads the allocations since the process began. All methods belong on one goroutine, the one that watches: then
// what happens within Mark is Mark's own, and is left out of every later count.
//
// What remains: a goroutine of a library that allocates during Mark is left out as well, as its share cannot be told
// apart. That is the time of one ReadMemStats, well below a millisecond, or, with profiles, of a collection and of
// writing two files.
type Meter struct {
	folder string // of the profiles; empty for none
	marks  int
	own    reading // what was allocated by counting
	stats  runtime.MemStats
}

type reading struct {
	bytes, objects uint64
}

// New makes a meter that writes profiles into the folder at each mark; empty: none.
func New(folder string) (*Meter, error) {
	if folder != "" {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("folder for profiles: %w", err)
		}
	}
	return &Meter{folder: folder}, nil
}

// Mark gives the bytes and the objects that were allocated so far, freed ones included, in sizes rounded up to the
// allocator's classes. Where profiles are wanted it writes one of all allocations and one of the heap.
//
// The count is exact, to the byte. runtime/metrics alone is not: /gc/heap/allocs:bytes takes an allocation in only when
// its span is handed back: ten objects of 112 bytes read as 0 until then. ReadMemStats stops the world for a moment and
// hands all spans back first. A collection would do so too, but it would shrink the heap whose growth is measured, and
// start threads that count as allocations.
func (m *Meter) Mark() (bytes, objects uint64, err error) {
	before := m.read()
	if m.folder != "" {
		err = m.writeProfiles()
	}
	after := m.read()
	bytes, objects = before.bytes-m.own.bytes, before.objects-m.own.objects
	m.own.bytes += after.bytes - before.bytes
	m.own.objects += after.objects - before.objects
	return bytes, objects, err
}

func (m *Meter) read() reading {
	runtime.ReadMemStats(&m.stats)
	return reading{bytes: m.stats.TotalAlloc, objects: m.stats.Mallocs}
}

// writeProfiles collects first: a profile tells of the time up to the last collection.
func (m *Meter) writeProfiles() error {
	m.marks++
	runtime.GC()
	for _, kind := range []string{"allocs", "heap"} {
		if err := m.writeProfile(kind); err != nil {
			return fmt.Errorf("writing a profile: %w", err)
		}
	}
	return nil
}

func (m *Meter) writeProfile(kind string) error {
	file, err := os.Create(filepath.Join(m.folder, fmt.Sprintf("mark-%04d.%s.pb.gz", m.marks, kind)))
	if err != nil {
		return err
	}
	if err := pprof.Lookup(kind).WriteTo(file, 0); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
