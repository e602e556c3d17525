package watch

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var subscriptions = map[string]watcher{
	"go-notify": func(link Link, _ time.Duration, owner Owner) Outcome {
		return watchByNotification(link, ipHelper{}, owner)
	},
}

// The version of x/sys that vishvananda/netlink v1.3.1 asks for has no wrapper of these two. A later one would also
// change what is measured on Linux, so they are called by name.
var (
	ipHelperLibrary  = windows.NewLazySystemDLL("iphlpapi.dll")
	notifyChange     = ipHelperLibrary.NewProc("NotifyIpInterfaceChange")
	cancelChanges    = ipHelperLibrary.NewProc("CancelMibChangeNotify2")
	deliverNow       atomic.Pointer[func(change)]                                              // of the one watch of this process
	callbackOfChange = sync.OnceValue(func() uintptr { return windows.NewCallback(onChange) }) // never released by Go
)

// ipInterfaceRow is the beginning of MIB_IPINTERFACE_ROW, netioapi.h.
type ipInterfaceRow struct {
	family uint16
	luid   uint64
	index  uint32
}

// onChange is called on a thread of Windows. The row is valid until it returns.
func onChange(_ uintptr, row *ipInterfaceRow, kind uint32) uintptr {
	if deliver := deliverNow.Load(); deliver != nil && row != nil {
		(*deliver)(change{kind: changeKind(kind), index: int(row.index)})
	}
	return 0
}

// ipHelper is the interfaceTable of Windows.
type ipHelper struct{}

func (ipHelper) subscribe(deliver func(change)) (cancel func(), err error) {
	deliverNow.Store(&deliver)
	var handle windows.Handle
	const noInitialNotification = 0
	status, _, _ := notifyChange.Call(
		windows.AF_UNSPEC, callbackOfChange(), 0, noInitialNotification, uintptr(unsafe.Pointer(&handle)))
	if status != 0 {
		return nil, fmt.Errorf("NotifyIpInterfaceChange: %w", windows.Errno(status))
	}
	// The call returns when no callback runs any more.
	return func() { _, _, _ = cancelChanges.Call(uintptr(handle)) }, nil
}

func (ipHelper) links() ([]Link, error) {
	found, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	links := make([]Link, len(found))
	for at, one := range found {
		links[at] = Link{Name: one.Name, Index: one.Index}
	}
	return links, nil
}
