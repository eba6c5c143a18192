package model

// Path is the property of a node that a channel drives.
type Path uint8

const (
	Translation Path = iota // 3 values
	Rotation                // 4 values: a quaternion x, y, z, w
	Scale                   // 3 values
	Weights                 // as many values as the node has Weights
)

func (p Path) String() string {
	switch p {
	case Rotation:
		return "rotation"
	case Scale:
		return "scale"
	case Weights:
		return "weights"
	}
	return "translation"
}

// Interpolation says what is between two keys.
type Interpolation uint8

const (
	Step        Interpolation = iota // the earlier key
	Linear                           // a line; for rotations the shorter arc
	CubicSpline                      // Hermite spline with tangents in the file
)

// Channel drives one property of one node.
type Channel struct {
	Node          int
	Path          Path
	Interpolation Interpolation
	Times         []float32 // seconds, strictly increasing, at least one
	// Values are those of each key after one another. With CubicSpline a key has
	// three: in-tangent, value, out-tangent.
	Values []float32
}

// Animation is channels that run on one clock.
type Animation struct {
	Name     string
	Channels []Channel
	Duration float32 // seconds: the last key of any channel
}
