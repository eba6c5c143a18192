package native_test

import (
	"context"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/runtimetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	runtimetest.Cleanup()
	os.Exit(code)
}

func ask(t *testing.T, s *runtimetest.Space, to runtime.Capability, data []byte, cs ...runtime.Capability) runtime.Reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := s.Call(ctx, to, runtime.Message{Data: data, Caps: cs})
	if err != nil {
		t.Fatalf("%q: %v", data, err)
	}
	return r
}

func service(t *testing.T, s *runtimetest.Space, name string) runtime.Capability {
	t.Helper()
	c, err := s.Target(0, name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The registry answers by hearth-rs's shapes, in the encoding that it was asked
// in.
func TestRegistry(t *testing.T) {
	s := runtimetest.New(t)
	reg := service(t, s, runtime.RegistryName)
	transient, durable := s.Cap(s.SpawnGuest("echo", false)), s.Cap(s.SpawnGuest("echo", true))
	for i, c := range []struct {
		ask, want string
		args      []runtime.Capability
		caps      int
	}{
		{ask: `{"Get":{"name":"x"}}`, want: `{"Get":false}`},
		{ask: `{"Register":{"name":"x"}}`, args: []runtime.Capability{transient}, want: `{"Register":false}`},
		{ask: `{"Get":{"name":"x"}}`, want: `{"Get":true}`, caps: 1},
		{ask: `{"Register":{"name":"x"}}`, args: []runtime.Capability{durable}, want: `{"Register":true}`},
		{ask: `{"Get":{"name":"x"}}`, want: `{"Get":true}`, caps: 1},
		{ask: `{"Register":{"name":"hearth.Sleep"}}`, args: []runtime.Capability{transient}, want: `{"Register":null}`},
		{ask: `{"Register":{"name":"y"}}`, want: `{"Register":null}`},
		{ask: `{"Get":{"name":"hearth.Sleep"}}`, want: `{"Get":true}`, caps: 1},
	} {
		r := ask(t, s, reg, []byte(c.ask), c.args...)
		if string(r.Data) != c.want || len(r.Caps) != c.caps {
			t.Errorf("%d: %s gives %s and %d capabilities, want %s and %d", i, c.ask, r.Data, len(r.Caps), c.want, c.caps)
		}
		if strings.HasPrefix(c.ask, `{"Get"`) {
			r := ask(t, s, reg, runtimetest.CBOR(t, c.ask))
			if got := runtimetest.JSON(t, r.Data); got != c.want {
				t.Errorf("%d: %s in CBOR gives %s, want %s", i, c.ask, got, c.want)
			}
		}
	}
	var list struct{ List []string }
	if err := json.Unmarshal(ask(t, s, reg, []byte(`"List"`)).Data, &list); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(list.List, " "); !strings.Contains(got, "hearth.wasm.WasmProcessSpawner") || !strings.HasSuffix(got, " x") {
		t.Errorf("List: %s", got)
	}
	if got := runtimetest.JSON(t, ask(t, s, reg, runtimetest.CBOR(t, `"List"`)).Data); !strings.Contains(got, `"x"`) {
		t.Errorf("List in CBOR: %s", got)
	}
}

// The spawner takes a lump as 32 numbers or as a CID, passes capabilities on, and
// answers null and no capability where it fails.
func TestSpawner(t *testing.T) {
	s := runtimetest.New(t)
	spawner := service(t, s, "hearth.wasm.WasmProcessSpawner")
	module := s.Module("echo")
	numbers := make([]int, 32)
	for i, b := range module.Digest() {
		numbers[i] = int(b)
	}
	id, _ := json.Marshal(numbers)
	for _, c := range []struct {
		lump    string
		more    string
		durable bool
	}{
		{string(id), "", false},
		{strconv.Quote(module.String()), "", false},
		{string(id), `,"durable":true,"service":"made"`, true},
	} {
		for _, encode := range []func(testing.TB, string) []byte{
			func(_ testing.TB, text string) []byte { return []byte(text) }, runtimetest.CBOR,
		} {
			r := ask(t, s, spawner, encode(t, `{"lump":`+c.lump+`,"entrypoint":null`+c.more+`}`))
			if len(r.Caps) != 1 || r.Caps[0].Perms != caps.All {
				t.Fatalf("%s: %q, %d capabilities", c.lump, r.Data, len(r.Caps))
			}
			if got := ask(t, s, r.Caps[0], []byte("hello")); string(got.Data) != "hello" {
				t.Fatalf("the child says %q", got.Data)
			}
		}
	}
	if c := service(t, s, "made"); c.Ref.Process == 0 {
		t.Error("the service has no process")
	}
	for _, q := range []string{
		`{"lump":"` + lumps.Sum(lumps.Raw, []byte("nowhere")).String() + `","entrypoint":null}`,
		`{"lump":"` + s.Module("bad/not-wasm").String() + `","entrypoint":null}`,
		`{"lump":"` + s.Module("echo-blocking").String() + `","entrypoint":null,"durable":true}`,
	} {
		if r := ask(t, s, spawner, []byte(q)); string(r.Data) != "null" || len(r.Caps) != 0 {
			t.Errorf("%s gives %q and %d capabilities", q, r.Data, len(r.Caps))
		}
	}
}

func TestTime(t *testing.T) {
	s := runtimetest.New(t)
	before := time.Now()
	now, err := strconv.ParseInt(string(ask(t, s, service(t, s, "hearth.UnixTime"), []byte("null")).Data), 10, 64)
	if err != nil || now < before.UnixNano() || now > time.Now().UnixNano() {
		t.Errorf("UnixTime: %d, %v", now, err)
	}
	before = time.Now()
	if r := ask(t, s, service(t, s, "hearth.Sleep"), []byte("0.05")); len(r.Data) != 0 {
		t.Errorf("Sleep answers %q", r.Data)
	}
	if d := time.Since(before); d < 50*time.Millisecond {
		t.Errorf("slept %v", d)
	}
	timer := ask(t, s, service(t, s, "hearth.TimerFactory"), []byte("null"))
	watch := ask(t, s, service(t, s, "hearth.StopwatchFactory"), []byte("null"))
	if len(timer.Caps) != 1 || len(watch.Caps) != 1 {
		t.Fatalf("%d timers, %d stopwatches", len(timer.Caps), len(watch.Caps))
	}
	if r := ask(t, s, timer.Caps[0], []byte("0.03")); string(r.Data) != "null" {
		t.Errorf("the timer answers %q", r.Data)
	}
	passed, err := strconv.ParseFloat(string(ask(t, s, watch.Caps[0], []byte("null")).Data), 64)
	if err != nil || passed < 0.03 || passed > 10 {
		t.Errorf("the stopwatch says %v, %v", passed, err)
	}
}

func TestLumps(t *testing.T) {
	s := runtimetest.New(t)
	svc := service(t, s, "hearth.Lumps")
	c := s.Module("echo")
	r := ask(t, s, svc, []byte(`{"Get":{"lump":"`+c.String()+`"}}`))
	var got struct {
		Ok struct {
			CID  string
			Size int64
		}
	}
	if err := json.Unmarshal(r.Data, &got); err != nil || got.Ok.CID != c.String() || got.Ok.Size == 0 {
		t.Errorf("%s, %v", r.Data, err)
	}
	if len(r.Lumps) != 1 || r.Lumps[0] != c {
		t.Errorf("the answer names %v", r.Lumps)
	}
	missing := lumps.Sum(lumps.Raw, []byte("nowhere")).String()
	for q, want := range map[string]string{
		`{"Get":{"lump":"` + missing + `"}}`: `{"Err":"NotFound"}`,
		`{"Get":{"lump":[1,2]}}`:             `{"Err":"InvalidRequest"}`,
		`"Nonsense"`:                         `{"Err":"InvalidRequest"}`,
		`{{`:                                 `{"Err":"InvalidRequest"}`,
	} {
		if r := ask(t, s, svc, []byte(q)); string(r.Data) != want {
			t.Errorf("%s gives %s, want %s", q, r.Data, want)
		}
	}
	if r := ask(t, s, svc, []byte(`"List"`)); !strings.Contains(string(r.Data), c.String()) {
		t.Errorf("List: %s", r.Data)
	}
}

// What is no request is dropped and stops nothing.
func TestNonsense(t *testing.T) {
	s := runtimetest.New(t)
	for _, name := range s.Names() {
		to := service(t, s, name)
		for _, data := range []string{"", "{", `{"Get":7}`, `{"A":1,"B":2}`, "\xff\x00", "\xa1\x63Get\xf6", strings.Repeat("[", 10000)} {
			if _, _, err := s.Send(context.Background(), to, runtime.Message{Data: []byte(data)}); err != nil {
				t.Errorf("%s, %q: %v", name, data, err)
			}
		}
	}
	if got := string(ask(t, s, service(t, s, runtime.RegistryName), []byte(`{"Get":{"name":"x"}}`)).Data); got != `{"Get":false}` {
		t.Error(got)
	}
}
