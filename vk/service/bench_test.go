package service_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"hearth/runtime"
	"hearth/vk/service"
)

// BenchmarkTransform moves one of 1000 objects: what the sender's call takes, with
// the work on the maker's goroutine beside it.
func BenchmarkTransform(b *testing.B) {
	w := newWorld(b)
	g := w.guest()
	const n = 1000
	var to [n]runtime.Capability
	var text [n][]byte
	for i := range to {
		to[i] = g.make(service.Renderer, addModel)
		text[i] = fmt.Appendf(nil, `{"Transform":[1,0,0,0,0,1,0,0,0,0,1,0,%d.25,-0.5,7.125,1]}`, i)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, _, err := w.Accept(to[i%n], runtime.Message{Data: text[i%n]}); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkFollow is the whole of a message, until the scene has it and the answer is
// back; the time is bounded below by the rate at which the scene takes changes, so
// many are told at once.
func BenchmarkFollow(b *testing.B) {
	w := newWorld(b)
	g := w.guest()
	const n = 1000
	var to [n]runtime.Capability
	for i := range to {
		to[i] = g.make(service.Renderer, addModel)
	}
	text := []byte(`{"Transform":[1,0,0,0,0,1,0,0,0,0,1,0,0.25,-0.5,7.125,1]}`)
	b.ReportAllocs()
	for b.Loop() {
		for i := range to {
			g.send(to[i], text)
		}
		for range to {
			g.next()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/message")
}

// BenchmarkAddModel fills a scene, as a viewer that joins is filled: requests one
// behind the other, answers as they come.
func BenchmarkAddModel(b *testing.B) {
	w := newWorld(b)
	renderer := w.service(service.Renderer)
	text := []byte(w.fill(addModel))
	const n = 5000
	b.ReportAllocs()
	for b.Loop() {
		g := w.guest()
		for range n {
			g.send(renderer, text)
		}
		for range n {
			if r := g.next(); len(r.Caps) != 1 {
				b.Fatalf("%s", r.Data)
			}
		}
		b.StopTimer()
		g.port.Close()
		eventually(b, "an empty scene", func() bool { return w.things() == 0 })
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/object")
}

// BenchmarkBlit paints 64 by 64 pixels on a canvas of full HD, with an answer each.
func BenchmarkBlit(b *testing.B) {
	w := newWorld(b)
	g := w.guest()
	c := g.make(service.Canvas, `{"CreateCanvas":{"position":{"origin":[0,1,0],"orientation":[0,0,0,1],"half_size":[1,1]},"pixels":{"width":1920,"height":1080,"data":""},"sampling":"Linear"}}`)
	text := fmt.Appendf(nil, `{"Blit":{"x":640,"y":480,"pixels":{"width":64,"height":64,"data":%q}}}`, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1, 2, 3, 4}, 64*64)))
	b.SetBytes(64 * 64 * 4 * 100)
	b.ReportAllocs()
	for b.Loop() {
		for range 100 {
			g.send(c, text)
		}
		for range 100 {
			g.next()
		}
	}
}

// BenchmarkPublish tells 64 subscribers of a key.
func BenchmarkPublish(b *testing.B) {
	w := newWorld(b)
	in := w.plugin.Input()
	for i := range 64 {
		p := w.NewPort(func(*runtime.Signal) {})
		b.Cleanup(p.Close)
		if _, _, err := w.Accept(w.service(service.Window), runtime.Message{Data: []byte(`"Subscribe"`), Caps: []runtime.Capability{p.Cap(1)}}); err != nil {
			b.Fatal(err)
		}
		eventually(b, "the subscription", func() bool { return len(in.Subscribers()) == i+1 })
	}
	in.Focus(service.Everybody)
	b.ReportAllocs()
	for b.Loop() {
		in.Publish(service.CursorMoved{X: 1, Y: 2})
		time.Sleep(0)
	}
}
