// Package native holds the services that need no screen: the registry, the
// spawner of wasm processes, time, lumps and logs.
//
// The key idea: a request is answered in the encoding that it was asked in. The
// shapes are hearth-rs's (serde's rules: enums externally serde.Tagged, Result as
// {"Ok":..} or {"Err":..}), in JSON or the same data in CBOR.
package native

import "hearth/runtime"

// Services returns all services of the package.
func Services() []runtime.Service {
	return []runtime.Service{registry, spawner, sleep, timerFactory, stopwatchFactory, unixTime, lumpService, logService}
}
