package watch

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"gowatch/internal/protocol"
)

// changesOfAdapters must be "allowed" where these tests may make, rename and delete adapters of the machine: the
// workflow for Windows sets it on its runner, which is thrown away afterwards.
const changesOfAdapters = "GOWATCH_TEST_ADAPTERS"

const (
	adapter  = "gowatch0"
	patience = 30 * time.Second // PowerShell alone takes seconds
)

// An internal switch of Hyper-V gives the machine an adapter of its own, which Rename-NetAdapter then calls as we like.
const (
	add    = "New-VMSwitch -Name gowatch -SwitchType Internal | Out-Null; Rename-NetAdapter 'vEthernet (gowatch)' " + adapter
	remove = "Remove-VMSwitch -Name gowatch -Force"
)

func powershell(commands ...string) error {
	script := "$ErrorActionPreference = 'Stop'; " + strings.Join(commands, "; ")
	output, err := exec.Command("powershell", "-NoProfile", "-NonInteractive", "-Command", script).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", script, err, output)
	}
	return nil
}

// TestAdapters plays what Windows allows of the lifecycle. A watcher that saw nothing is asked to stop.
func TestAdapters(t *testing.T) {
	if os.Getenv(changesOfAdapters) != "allowed" {
		t.Skip(changesOfAdapters + " does not allow to change this machine's adapters")
	}
	kept, gone := []Reason{Stopped}, []Reason{Deleted}
	for _, row := range []struct {
		what     string
		commands []string
		notify   []Reason
		poll     []Reason
	}{
		{"nothing happens", nil, kept, kept},
		{"deleted", []string{remove}, gone, gone},
		{"recreated", []string{remove, add}, []Reason{Deleted, Recreated}, []Reason{Deleted, Recreated}},
		// Whether a rename alone is notified is what this row finds out: both answers pass, and the log has it.
		{"renamed", []string{"Rename-NetAdapter " + adapter + " gowatch1"}, []Reason{Renamed, Stopped}, gone},
		{"another mtu", []string{"Set-NetIPInterface -InterfaceAlias " + adapter + " -NlMtuBytes 1400"}, kept, kept},
		{"IPv6 unbound", []string{"Disable-NetAdapterBinding " + adapter + " -ComponentID ms_tcpip6"}, kept, kept},
		{"an address", []string{"New-NetIPAddress -InterfaceAlias " + adapter + " -IPAddress 10.99.0.1 -PrefixLength 24"}, kept, kept},
	} {
		for watcher, expected := range map[string][]Reason{"go-notify": row.notify, "go-poll": row.poll} {
			t.Run(row.what+", "+watcher, func(t *testing.T) {
				outcome, took := play(t, watcher, row.commands)
				t.Logf("%s: %s after %v: %s", watcher, outcome.Reason, took, outcome.Message)
				if !slices.Contains(expected, outcome.Reason) || outcome.Restart != (outcome.Reason != Stopped) {
					t.Errorf("got %+v; want one of %v", outcome, expected)
				}
			})
		}
	}
}

// play makes an adapter, watches it, and has the commands change it.
func play(t *testing.T, watcher string, commands []string) (outcome Outcome, took time.Duration) {
	t.Helper()
	_ = powershell(remove) // what an earlier row left
	if err := powershell(add); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = powershell(remove) })
	told, ready := newOwner(), make(chan struct{})
	told.onReady = func() { close(ready) }
	ended := make(chan Outcome, 1)
	go func() { ended <- Monitor(watcher, adapter, 100*time.Millisecond, Host{}, told) }()
	select {
	case <-ready:
	case early := <-ended:
		return early, 0
	}
	began := time.Now()
	if err := powershell(commands...); err != nil {
		t.Error(err)
	}
	select {
	case outcome = <-ended:
	case <-time.After(patience):
		told.words <- protocol.Stop
		outcome = <-ended
	}
	return outcome, time.Since(began)
}
