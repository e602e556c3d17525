package watch

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"gowatch/internal/protocol"
)

// hostNamespace holds the network namespace that the tests were started in, for the process that runs them in another.
const hostNamespace = "GOWATCH_TEST_HOST_NAMESPACE"

func ownNamespace(t *testing.T) string {
	t.Helper()
	name, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Skip("no /proc to tell namespaces apart:", err)
	}
	return name
}

// TestKernel runs TestInNamespace in a user and network namespace of its own: no privilege, and no link of the host.
func TestKernel(t *testing.T) {
	if os.Getenv(hostNamespace) != "" {
		t.Skip("already inside")
	}
	inside := exec.Command(os.Args[0], "-test.run=^TestInNamespace$", "-test.v", "-test.timeout=120s")
	inside.Env = append(os.Environ(), hostNamespace+"="+ownNamespace(t))
	inside.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	var said bytes.Buffer
	inside.Stdout, inside.Stderr = &said, &said
	if err := inside.Start(); err != nil {
		t.Skip("a namespace of its own is not permitted here:", err)
	}
	err := inside.Wait()
	t.Log(said.String())
	if err != nil {
		t.Error(err)
	}
	if strings.Contains(said.String(), notPermitted) {
		t.Skip(notPermitted)
	}
}

const notPermitted = "making links is not permitted here"

func TestInNamespace(t *testing.T) {
	host := os.Getenv(hostNamespace)
	if host == "" {
		t.Skip("TestKernel runs this in a namespace of its own")
	}
	if ownNamespace(t) == host {
		t.Fatal("this is the host's namespace")
	}
	if err := addPair("probe0"); err != nil {
		t.Skip(notPermitted, err)
	}
	remove(t, "probe0")
	t.Run("what becomes of a link", testLifecycle)
	t.Run("overrun", testOverrun)
	t.Run("no descriptors", testNoDescriptors)
	t.Run("rounds leave nothing behind", testNothingIsLeft)
}

func addPair(name string) error { return addPairOf(name, name+"p") }

func addPairOf(name, peer string) error {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = name
	return netlink.LinkAdd(&netlink.Veth{LinkAttrs: attributes, PeerName: peer})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, name string) netlink.Link {
	t.Helper()
	found, err := netlink.LinkByName(name)
	must(t, err)
	return found
}

func remove(t *testing.T, name string) {
	t.Helper()
	must(t, netlink.LinkDel(link(t, name)))
}

func rename(t *testing.T, name, other string) {
	t.Helper()
	must(t, netlink.LinkSetName(link(t, name), other))
}

func recreate(t *testing.T, name string) {
	t.Helper()
	remove(t, name)
	must(t, addPair(name))
}

// move sends the link to a namespace that is gone when the test ends. The thread that entered it is not used again.
func move(t *testing.T, name string) {
	t.Helper()
	entered, leave := make(chan int), make(chan struct{})
	t.Cleanup(func() { close(leave) })
	go func() {
		runtime.LockOSThread()
		if unix.Unshare(unix.CLONE_NEWNET) != nil {
			entered <- -1
			return
		}
		descriptor, _ := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		entered <- descriptor
		<-leave
		unix.Close(descriptor)
	}()
	descriptor := <-entered
	if descriptor < 0 {
		t.Fatal("no second namespace")
	}
	must(t, netlink.LinkSetNsFd(link(t, name), descriptor))
}

// release makes the link a bridge's port and no port again. Then it renames it, so that every watcher ends.
func release(t *testing.T, name string) {
	t.Helper()
	attributes := netlink.NewLinkAttrs()
	attributes.Name = "br0"
	must(t, netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attributes}))
	t.Cleanup(func() { remove(t, "br0") })
	must(t, netlink.LinkSetMaster(link(t, name), link(t, "br0")))
	must(t, netlink.LinkSetNoMaster(link(t, name)))
	rename(t, name, "wt1")
}

func takeName(t *testing.T, name string) {
	t.Helper()
	rename(t, name, "wt1")
	must(t, addPairOf(name, "wt0q"))
	t.Cleanup(func() { removeIfThere("wt0q") })
}

// testLifecycle does the deed on the watching goroutine: within Ready, so events are queued when the watcher begins to
// listen, or within Found, before anything is watched.
func testLifecycle(t *testing.T) {
	for _, row := range []struct {
		what                     string
		early                    bool
		deed                     func(t *testing.T, name string)
		poll, netlink, resilient Reason
	}{
		{"deleted", false, remove, Deleted, Deleted, Deleted},
		{"renamed", false, func(t *testing.T, name string) { rename(t, name, "wt1") }, Deleted, Renamed, Renamed},
		{"recreated", false, recreate, Recreated, Deleted, Deleted},
		{"moved", false, move, Deleted, Deleted, Moved},
		{"released by a bridge, then renamed", false, release, Deleted, Deleted, Renamed},
		{"another takes its name", false, takeName, Recreated, Renamed, Renamed},
		{"deleted before it is watched", true, remove, Deleted, Deleted, Deleted},
		{"renamed before it is watched", true, func(t *testing.T, name string) { rename(t, name, "wt1") },
			Deleted, Deleted, Renamed},
		{"recreated before it is watched", true, recreate, Recreated, Recreated, Recreated},
		{"another takes its name before it is watched", true, takeName, Recreated, Recreated, Recreated},
		{"moved before it is watched", true, move, Deleted, Deleted, Deleted},
	} {
		wanted := map[string]Reason{"go-poll": row.poll, "go-netlink": row.netlink, "go-netlink-resilient": row.resilient}
		for watcher, want := range wanted {
			t.Run(row.what+", "+watcher, func(t *testing.T) {
				must(t, addPair("wt0"))
				t.Cleanup(func() { removeIfThere("wt0p") })
				told := newOwner()
				deed := func() { row.deed(t, "wt0") }
				if row.early {
					told.onFound = deed
				} else {
					told.onReady = deed
				}
				outcome := Monitor(watcher, "wt0", time.Millisecond, Host{}, told)
				if outcome.Reason != want || !outcome.Restart {
					t.Errorf("got %+v; want %s", outcome, want)
				}
			})
		}
	}
}

// removeIfThere takes the pair away by its other end, which keeps its name.
func removeIfThere(name string) {
	if found, err := netlink.LinkByName(name); err == nil {
		_ = netlink.LinkDel(found)
	}
}

// flip makes events: one each.
func flip(t *testing.T, name string, events int) {
	t.Helper()
	flipped := link(t, name)
	for number := range events {
		must(t, netlink.LinkSetMTU(flipped, 1400+number%2))
	}
}

// kernelDrops sums the drop counters of all subscriptions to RTNLGRP_LINK in the namespace, as /proc has them. The table
// is of this thread: a test that moved a link may have left the first one in another namespace.
func kernelDrops(t *testing.T) uint64 {
	t.Helper()
	table, err := os.ReadFile("/proc/thread-self/net/netlink")
	must(t, err)
	var drops uint64
	for _, row := range strings.Split(string(table), "\n")[1:] {
		columns := strings.Fields(row)
		if len(columns) < 9 || columns[1] != strconv.Itoa(unix.NETLINK_ROUTE) {
			continue
		}
		if groups, _ := strconv.ParseUint(columns[3], 16, 32); groups&unix.RTMGRP_LINK != 0 {
			dropped, err := strconv.ParseUint(columns[8], 10, 64)
			must(t, err)
			drops += dropped
		}
	}
	return drops
}

const flood = 4000

func testOverrun(t *testing.T) {
	for _, row := range []struct {
		watcher string
		deed    func(t *testing.T, name string)
		want    Reason
	}{
		{"go-netlink", func(*testing.T, string) {}, Closed},
		{"go-netlink-resilient", remove, Deleted},
		{"go-netlink-resilient", func(t *testing.T, name string) { rename(t, name, "wt1") }, Renamed},
		{"go-netlink-resilient", recreate, Recreated},
	} {
		t.Run(fmt.Sprintf("%s, %s", row.watcher, row.want), func(t *testing.T) {
			must(t, addPair("wt0"))
			must(t, addPair("other0"))
			t.Cleanup(func() {
				removeIfThere("other0")
				removeIfThere("wt0p")
			})
			var drops uint64
			told := newOwner()
			told.onReady = func() {
				flip(t, "other0", flood)
				row.deed(t, "wt0")
				drops = kernelDrops(t)
			}
			if outcome := Monitor(row.watcher, "wt0", 0, Host{}, told); outcome.Reason != row.want {
				t.Errorf("got %+v; want %s", outcome, row.want)
			}
			if drops == 0 {
				t.Error("the kernel dropped nothing: this was no overrun")
			}
			if row.watcher == "go-netlink-resilient" && told.lost != drops {
				t.Errorf("told of %d, the kernel dropped %d", told.lost, drops)
			}
		})
	}
}

func testNoDescriptors(t *testing.T) {
	must(t, addPair("wt0"))
	defer removeIfThere("wt0p")
	var before unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	restore := func() { must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &before)) }
	defer restore()
	for watcher, want := range map[string]Reason{"go-poll": Deleted, "go-netlink": SubscribeFailed} {
		told := newOwner()
		exhaust := func() { must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1, Max: before.Max})) }
		told.onFound = exhaust
		outcome := Monitor(watcher, "wt0", time.Millisecond, Host{}, told)
		restore()
		if outcome.Reason != want || !strings.Contains(outcome.Message, "too many open files") {
			t.Errorf("%s: got %+v; want %s", watcher, outcome, want)
		}
	}
	told := newOwner()
	told.onFound = func() { must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1, Max: before.Max})) }
	time.AfterFunc(retry/2, restore)
	told.onReady = func() { told.words <- protocol.Stop }
	if outcome := Monitor("go-netlink-resilient", "wt0", 0, Host{}, told); outcome != asked {
		t.Errorf("go-netlink-resilient: got %+v", outcome)
	}
}

func testNothingIsLeft(t *testing.T) {
	must(t, addPair("wt0"))
	defer removeIfThere("wt0p")
	count := func() int {
		open, err := os.ReadDir("/proc/self/fd")
		must(t, err)
		return len(open)
	}
	once := func() {
		told := newOwner()
		told.onReady = func() { told.words <- protocol.Stop }
		Monitor("go-netlink-resilient", "wt0", 0, Host{}, told)
	}
	once()
	descriptors, goroutines := count(), runtime.NumGoroutine()
	for range 20 {
		once()
	}
	if count() != descriptors || runtime.NumGoroutine() > goroutines {
		t.Errorf("%d descriptors became %d, %d goroutines %d", descriptors, count(), goroutines, runtime.NumGoroutine())
	}
}
