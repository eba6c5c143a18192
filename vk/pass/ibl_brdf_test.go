package pass

import (
	"math"
	"testing"

	"github.com/go-gl/mathgl/mgl64"
)

// The fit of the specular integral stays near the integral itself, and no metal
// reflects more than it receives.
func TestBRDFFit(t *testing.T) {
	f := newFilterer(t)
	e := f.ofCube(func(mgl64.Vec3) [3]float64 { return [3]float64{1, 1, 1} }, 16, 16)
	var worst, worstWhite float64
	for _, roughness := range []float64{0.05, 0.1, 0.2, 0.3, 0.5, 0.65, 0.8, 1} {
		var dirs []mgl64.Vec3
		for c := 0.04; c <= 1; c += 0.08 {
			dirs = append(dirs, mgl64.Vec3{math.Sqrt(1 - c*c), c, 0})
		}
		_, _, fit := f.ask(e, dirs, roughness)
		for i, d := range dirs {
			scale, bias := brdf(roughness, d[1])
			white := math.Abs(fit[i][0] + fit[i][1] - scale - bias)
			diff := max(math.Abs(fit[i][0]-scale), math.Abs(fit[i][1]-bias))
			worst, worstWhite = max(worst, diff), max(worstWhite, white)
			if diff > 0.06 || white > 0.04 {
				t.Errorf("roughness %v, cosine %.2f: %.3f, the integral is %.3f %.3f", roughness, d[1], fit[i][:2], scale, bias)
			}
			if sum := fit[i][0] + fit[i][1]; sum > 1.03 {
				t.Errorf("roughness %v, cosine %.2f: a white metal reflects %.3f", roughness, d[1], sum)
			}
		}
	}
	t.Logf("a term is within %.3f of the integral, a white metal within %.3f", worst, worstWhite)
}

// brdf integrates by importance sampling of the half vector, with the Smith term of
// pbr.glsl.
func brdf(roughness, nv float64) (scale, bias float64) {
	a2 := math.Pow(roughness, 4)
	v := mgl64.Vec3{math.Sqrt(1 - nv*nv), 0, nv}
	const n = 80
	for i := range n {
		for j := range n {
			e1, e2 := (float64(i)+0.5)/n, (float64(j)+0.5)/n
			c := math.Sqrt((1 - e2) / (1 + (a2-1)*e2))
			s := math.Sqrt(1 - c*c)
			h := mgl64.Vec3{s * math.Cos(2*math.Pi*e1), s * math.Sin(2*math.Pi*e1), c}
			vh := v.Dot(h)
			nl := h.Mul(2 * vh).Sub(v)[2]
			if nl <= 0 || vh <= 0 {
				continue
			}
			smith := nl*math.Sqrt(nv*nv*(1-a2)+a2) + nv*math.Sqrt(nl*nl*(1-a2)+a2)
			w := 2 * nl * vh / (c * smith) / (n * n)
			f := math.Pow(1-vh, 5)
			scale += (1 - f) * w
			bias += f * w
		}
	}
	return
}
