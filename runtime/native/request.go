package native

import "hearth/runtime"

// bad drops a request that cannot be read.
func bad(r *runtime.Request, err error) {
	r.Drop("not a request that this service knows: " + err.Error())
}
