package msdf

import "math"

const (
	// fineness is how many points a texel's side the interpolated field is judged at.
	fineness = 4
	// zoom is the magnification that it is judged for: an error of 1/zoom texels is
	// one of a pixel.
	zoom = 4
	// wrong is the error, in pixels at that zoom, that is mended.
	wrong = 0.4
	// maxMends bounds how often a square's texels are levelled, and the rounds.
	maxMends  = 4
	maxRounds = 3
	// maxJudged bounds the edges that truth is asked of.
	maxJudged = 1 << 23
)

// A mender finds where the median of interpolated channels is far from the distance
// that it stands for, which the channels' jumps bring about between texels, and
// levels the texel whose levelling mends most: its channels then agree on the true
// distance. Corners stay, for at a corner it is the median that is right: a texel is
// levelled only if the squares around it come nearer to the truth.
//
// msdfgen protects corners by place and finds jumps by the equations of the median;
// here the outline itself is asked.
type mender struct {
	f *field
	// truth are distances at points a quarter of a texel apart; NaN where unknown.
	truth  []float32
	stride int
	all    []int32
	near   nearest
	judged int
}

func (m *mender) mend(f *field) {
	if f.w < 2 || f.h < 2 {
		return
	}
	m.f = f
	m.stride = (f.w-1)*fineness + 1
	m.truth = resize(m.truth, m.stride*((f.h-1)*fineness+1))
	nan := float32(math.NaN())
	for i := range m.truth {
		m.truth[i] = nan
	}
	m.all = m.all[:0]
	for i := range f.edges {
		if f.edges[i].colour != 0 {
			m.all = append(m.all, int32(i))
		}
	}
	m.judged = 0
	for range maxRounds {
		mended := false
		for y := range f.h - 1 {
			for x := range f.w - 1 {
				if m.square(x, y) {
					mended = true
				}
			}
		}
		if !mended || m.judged > maxJudged {
			return
		}
	}
}

// square judges the square between four texels and mends it. It tells whether it
// changed a texel.
func (m *mender) square(x, y int) bool {
	f := m.f
	k := y*f.w + x
	t := [4]*texel{&f.texel[k], &f.texel[k+1], &f.texel[k+f.w], &f.texel[k+f.w+1]}
	if t[0].flat() && t[1].flat() && t[2].flat() && t[3].flat() {
		return false
	}
	// The median lies between that of the least and that of the greatest values.
	var lo, hi [3]float64
	for c := range 3 {
		lo[c] = min(t[0].c[c], t[1].c[c], t[2].c[c], t[3].c[c])
		hi[c] = max(t[0].c[c], t[1].c[c], t[2].c[c], t[3].c[c])
	}
	const reaches = 0.5
	if median(hi[0], hi[1], hi[2]) < -reaches || median(lo[0], lo[1], lo[2]) > reaches {
		return false
	}
	changed := false
	for range maxMends {
		if !m.bad(x, y) || m.judged > maxJudged {
			break
		}
		best, gain := -1, 1e-3
		for i := range t {
			if t[i].flat() {
				continue
			}
			tx, ty := x+i&1, y+i>>1
			before := m.around(tx, ty)
			was := t[i].c
			t[i].level(t[i].d)
			after := m.around(tx, ty)
			t[i].c = was
			if g := before - after; g > gain {
				best, gain = i, g
			}
		}
		if best < 0 {
			break
		}
		t[best].level(t[best].d)
		changed = true
	}
	return changed
}

// shown is the coverage at the zoom that pictures are judged for.
func shown(d float64) float64 { return max(0, min(1, d*zoom+0.5)) }

// walk calls visit with the interpolated median, and the interpolated distance, at
// the points of a square; false ends it.
func (m *mender) walk(x, y int, visit func(i, j int, med, d float64) bool) {
	f := m.f
	k := y*f.w + x
	a, b, c, d := &f.texel[k], &f.texel[k+1], &f.texel[k+f.w], &f.texel[k+f.w+1]
	for j := range fineness + 1 {
		v := float64(j) / fineness
		var l, r [4]float64
		for n := range 3 {
			l[n] = a.c[n] + v*(c.c[n]-a.c[n])
			r[n] = b.c[n] + v*(d.c[n]-b.c[n])
		}
		l[3], r[3] = a.d+v*(c.d-a.d), b.d+v*(d.d-b.d)
		for i := range fineness + 1 {
			u := float64(i) / fineness
			med := median(l[0]+u*(r[0]-l[0]), l[1]+u*(r[1]-l[1]), l[2]+u*(r[2]-l[2]))
			if !visit(i, j, med, l[3]+u*(r[3]-l[3])) {
				return
			}
		}
	}
}

// bad tells whether the median shows something wrong in a square that the distance
// would show better.
func (m *mender) bad(x, y int) bool {
	found := false
	m.walk(x, y, func(i, j int, med, d float64) bool {
		sm, sd := shown(med), shown(d)
		if math.Abs(sm-sd) < wrong {
			return true
		}
		st := shown(m.at(x*fineness+i, y*fineness+j))
		e := math.Abs(sm - st)
		found = e > wrong && e > math.Abs(sd-st)
		return !found
	})
	return found
}

// around is the error of the squares that share a texel.
func (m *mender) around(x, y int) float64 {
	sum := 0.0
	for j := max(0, y-1); j <= min(y, m.f.h-2); j++ {
		for i := max(0, x-1); i <= min(x, m.f.w-2); i++ {
			m.walk(i, j, func(u, v int, med, _ float64) bool {
				d := math.Abs(shown(med) - shown(m.at(i*fineness+u, j*fineness+v)))
				// What is half a pixel off is seen, much of a little is not.
				sum += d * d
				return true
			})
		}
	}
	return sum
}

// at is the true distance at a fine point.
func (m *mender) at(x, y int) float64 {
	t := &m.truth[y*m.stride+x]
	if *t != *t {
		p := Point{float64(x)/fineness + 0.5, float64(y)/fineness + 0.5}
		m.f.measure(p, m.all, &m.near)
		m.judged += len(m.all)
		*t = float32(m.near.reach[m.near.best()].d)
	}
	return float64(*t)
}
