// Package service gives guests the screen: a plugin of native services that change a
// scene, hear of the window, and pick.
//
// The key idea: what a guest makes is a thing with a capability, and lives as long
// as three hold: the capability was not killed, the thing was not told to quit, and
// the process that got the capability in the answer to its request, or the peer that
// has this process, is still there. So nothing outlives who answers for it, and a
// viewer that leaves a server keeps nothing of it. (Sky and look are settings and no
// things: the newest counts.) That a process on a peer has ended is heard only through
// a reply address that permits to be monitored: with one that permits to send alone,
// what it made stays until the connection ends. Here it is heard in any case.
//
// A request is a message whose first capability is the reply address; the answer is
// in the encoding of the request: JSON by serde's rules, or the same data in CBOR.
// The shapes of hearth-rs come first, and ours are marked with a star. Vectors and
// quaternions are arrays ([x,y,z], [x,y,z,w]), a Mat4 is 16 numbers, column-major. A
// LumpId is an array of 32 numbers (the digest) or the text of a CID; bytes are
// base64, in CBOR also a byte string. Fields with ? may be left out; null is the same.
//
//	hearth.Renderer
//	  {"AddObject":{mesh,skeleton:[Mat4]|null,material,transform,*name?}} -> {"Ok":"Ok"} object | {"Err":"LumpError"}
//	  {"AddDirectionalLight":{initial_state:{color,intensity,direction,distance},*name?}} -> {"Ok":"Ok"} light
//	  {"SetSkybox":{texture: LumpId or *null}}  -> {"Ok":"Ok"} | {"Err":"LumpError"}
//	  {"SetAmbientLighting":{ambient:[r,g,b,a]}} -> {"Ok":"Ok"}
//	* {"AddModel":{model,transform?,animation?,tint?,weights?,hidden?,no_shadow?,no_pick?,name?,strict?}}
//	      -> {"Ok":"Ok"} object | {"Ok":{"Placeholder":why}} object: it stands where the model cannot be
//	         shown, or is still on its way; with strict it is {"Err":{"Lump":why}} and no object
//	* {"AddPointLight":{position,color,intensity,range?,shadow?,name?}} -> {"Ok":"Ok"} light
//	* {"AddSpotLight":{position,direction,color,intensity,inner,outer,range?,shadow?,name?}} -> {"Ok":"Ok"} light
//	* {"SetLook":{exposure?,tone_map?:"Neutral"|"ACES"|"Reinhard"|"None",bloom?,ambient?,background?}} -> {"Ok":"Ok"}
//	* {"Pick":{x,y}} -> {"Ok":{"Hit":{object,name,position}}} and, for its maker, the object | {"Ok":"Nothing"}
//	* "List"     -> {"Ok":{"List":{things:[{id,kind,name,client}],more}}}
//	* "Describe" -> {"Ok":{"Describe":{client,have,limits,services}}}
//	  object: {"Transform":Mat4} {"JointMatrices":[Mat4]} {"JointTransforms":{joint_global,inverse_bind}}
//	     *    {"Tint":[r,g,b,a]} {"Animation":{index,at?,speed?,loop?}|null} {"Weights":[n]} {"Hidden":bool} {"Material":LumpId}
//	  light:  {"Color":Vec3} {"Intensity":n} {"Direction":Vec3} {"Distance":n}
//	     *    {"Position":Vec3} {"Range":n} {"Cone":{inner,outer}} {"Shadow":bool}
//
//	hearth.canvas.CanvasFactory
//	  {"CreateCanvas":{position:{origin,orientation,half_size},pixels:{width,height,data},sampling,*name?}}
//	      -> {"Ok":"Canvas"} canvas | {"Err":"ParseError"}
//	  canvas: {"Relocate":position} {"Resize":pixels} {"Blit":{x,y,pixels}}   * {"Opacity":n} {"Hidden":bool}
//	          (*no data is a clear picture: so a canvas can be larger than a message, and be painted by blits)
//
//	hearth.DebugDrawFactory
//	  anything -> null, lines
//	  lines:  {"Contents":{vertices:[{position,color}],indices}} {"Hide":bool} "Destroy"
//	          (a colour is 0xAARRGGBB in sRGB or, *, [r,g,b] in linear light; two indices are a line)
//
//	* hearth.Camera: a virtual camera, whose pictures go where the user of the viewer said
//	  {"CreateCamera":{position,orientation?,vfov?,near?,width,height,every?,stopped?,name?}} -> {"Ok":"Camera"} camera
//	  camera: {"Relocate":{position,orientation?}} {"Lens":{vfov,near}} "Start" "Stop"
//
//	hearth.Window: see the events (event.go)
//	  "Subscribe" "Unsubscribe": the first capability gets the events
//	* {"Subscribe":{frames?:bool,every?:seconds}}: without Redraw, and with so much time between two moves
//	  {"SetTitle":text} {"SetCursorGrab":"None"|"Confined"|"Locked"} {"SetCursorVisible":bool}
//	  {"SetCamera":{vfov,near,view}}
//
//	  * every thing: "Quit" (or "Destroy") removes it; "Describe" -> {"Ok":{"Describe":{id,kind,name,client}}}
//
// Angles of view are in degrees, as in hearth-rs; the cone of a spot is in radians, as
// in glTF. A message to a thing gets no answer unless its first capability is a reply
// address: then {"Ok":"Ok"} when it was taken over, or why not. What is refused for
// another reason than hearth-rs knows is {"Err":{kind:sentence}}, kind being Parse,
// Lump, Full, Value, Busy, Gone, Unavailable or Other.
//
// Floods: what things are told waits by topic, and of messages that say the same only
// the newest waits, so however much is sent, the scene changes every few milliseconds
// and nothing grows. Strokes on a canvas are not of this kind; who paints more than
// fits loses strokes, and should wait for answers. Requests are answered in order, by
// address of reply; those that do not fit into the queue are refused at once. Limits
// count by client: a process here, or a peer with all that runs there.
//
// Lock order: Plugin.mu, maker.mu; Input.mu, subscriber.mu. Nothing is sent under one
// of them.
package service
