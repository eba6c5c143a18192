package msdf

// A mender finds what the median of interpolated channels gets wrong.
type mender struct{}

func (m *mender) mend(f *field) {}
