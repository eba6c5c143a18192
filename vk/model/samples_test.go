package model

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const fixtures = "../../fixtures/models"

// sampleErrors are the samples that are refused, and what the refusal names. All
// other samples are read.
var sampleErrors = map[string]string{
	"glTF2/BoxTextured-glTF-techniqueWebGL/BoxTextured.gltf":  "KHR_technique_webgl",
	"glTF2/BoxWithInfinites-glTF-Binary/BoxWithInfinites.glb": "accessors[2]: element 0 is no finite number",
	"glTF2/IndexOutOfRange/AllIndicesOutOfRange.gltf":         "index 0 is 65535, and there are 24 vertices",
	"glTF2/IndexOutOfRange/IndexOutOfRange.gltf":              "index 0 is 255, and there are 24 vertices",
	"glTF2/MissingBin/BoxTextured.gltf":                       "CesiumLogoFlat.png",
	"glTF2/RecursiveNodes/RecursiveNodes.gltf":                "nodes[0]: it is below itself",
	"glTF2/SchemaFailures/sceneWrongType.gltf":                "scene is a string",
	"glTF2/TestNoRootNode/NoScene.gltf":                       "it names scene 0, which is not there",
	"glTF2/draco/2CylinderEngine.gltf":                        "KHR_draco_mesh_compression",
	"glTF2/wrongTypes/badArray.gltf":                          "meshes[0]: primitives is a object",
	"glTF2/wrongTypes/badExtension.gltf":                      "materials[0]: KHR_texture_transform",
	"glTF2/wrongTypes/badNumber.gltf":                         "materials[0]: normalTexture.scale is a string",
	"glTF2/wrongTypes/badObject.gltf":                         "materials[0]: pbrMetallicRoughness",
	"glTF2/wrongTypes/badString.gltf":                         "scenes[0]: name is a number",
	"glTF2/wrongTypes/badUint.gltf":                           "materials[0]: it names texture -1",
	"glTF/BoxTextured-glTF/BoxTextured.gltf":                  `version "1.0" is not read`,
	"glTF/BoxTextured-glTF-Binary/BoxTextured.glb":            "version 1",
	"glTF/BoxTextured-glTF-Embedded/BoxTextured.gltf":         `version "1.0" is not read`,
	"glTF/BoxTextured-glTF-MaterialsCommon/BoxTextured.gltf":  `version "1.0" is not read`,
	"glTF/CesiumMilkTruck/CesiumMilkTruck.gltf":               `convert it to glTF 2.0`,
	"glTF/IncorrectVertexArrays/Cube_v1.gltf":                 `version "1.0" is not read`,
	"glTF/TwoBoxes/TwoBoxes.gltf":                             `version "1.0" is not read`,
	"OBJ/cube_mtllib_after_g.obj":                             "cube_mtllib_after_g.mat",
	"OBJ/number_formats.obj":                                  `line 11: "3.1+e2" is no finite number`,
	"invalid/empty.obj":                                       "neither glTF, GLB nor OBJ",
	"invalid/malformed.obj":                                   "line 23: index 12 is not there",
	"invalid/malformed2.obj":                                  "line 23: a face has no corners",
}

func eachSample(t *testing.T, f func(t *testing.T, name string)) {
	n := 0
	err := fs.WalkDir(os.DirFS(samples), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch strings.ToLower(path.Ext(name)) {
		case ".gltf", ".glb", ".obj":
			n++
			t.Run(name, func(t *testing.T) { f(t, name) })
		}
		return nil
	})
	if err != nil || n < 60 {
		t.Fatalf("%d samples below %s (%v); apt-get install assimp-testmodels", n, samples, err)
	}
}

// Every glTF and OBJ file of the samples is read whole, or refused for the fault
// that it is known to have.
func TestSamples(t *testing.T) {
	eachSample(t, func(t *testing.T, name string) {
		m, err := decodeSample(t, name)
		want, broken := sampleErrors[name]
		if !broken {
			if err != nil {
				t.Fatal(err)
			}
			checkWhole(t, m)
			return
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("got %v, want an error with %q", err, want)
		}
		var format *FormatError
		if !errors.As(err, &format) && !errors.Is(err, ErrUnknown) {
			t.Fatalf("%T is neither a FormatError nor ErrUnknown", err)
		}
	})
}

// What samples are known to hold, by their own documentation or by eye.
func TestSampleContents(t *testing.T) {
	for _, c := range []struct {
		name                              string
		meshes, vertices, corners         int
		materials, pictures, nodes, anims int
		skins, targets                    int
	}{
		{"glTF2/BoxTextured-glTF-Binary/BoxTextured.glb", 1, 24, 36, 1, 1, 2, 0, 0, 0},
		{"glTF2/BoxTextured-glTF-Embedded/BoxTextured.gltf", 1, 24, 36, 1, 1, 2, 0, 0, 0},
		{"glTF2/2CylinderEngine-glTF-Binary/2CylinderEngine.glb", 34, 55843, 227190, 34, 0, 82, 0, 0, 0},
		{"glTF2/glTF-Sample-Models/AnimatedMorphCube-glTF/AnimatedMorphCube.gltf", 1, 24, 36, 1, 0, 1, 1, 0, 2},
		{"glTF2/simple_skin/simple_skin.gltf", 1, 24, 24, 0, 0, 3, 1, 1, 0},
		{"OBJ/box.obj", 1, 24, 36, 0, 0, 1, 0, 0, 0},
		{"OBJ/box_UTF16BE.obj", 1, 24, 36, 0, 0, 1, 0, 0, 0},
		{"OBJ/spider.obj", 4, 974, 1368 * 3, 4, 4, 1, 0, 0, 0},
		{"OBJ/point_cloud.obj", 1, 3, 3, 0, 0, 1, 0, 0, 0},
	} {
		m, err := decodeSample(t, c.name)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := c
		got.meshes, got.materials, got.pictures = len(m.Meshes), len(m.Materials), len(m.Pictures)
		got.nodes, got.anims, got.skins = len(m.Nodes), len(m.Animations), len(m.Skins)
		got.vertices, got.corners, got.targets = 0, 0, 0
		for i := range m.Meshes {
			got.vertices += len(m.Meshes[i].Positions)
			got.corners += len(m.Meshes[i].Indices)
			got.targets += len(m.Meshes[i].Targets)
		}
		if got != c {
			t.Errorf("got  %+v\nwant %+v", got, c)
		}
	}
}

// The same square in all modes, with and without indices (Khronos' asset
// generator): every triangle of it faces +Z, and they cover one square unit.
func TestPrimitiveModes(t *testing.T) {
	for _, c := range []struct {
		file     string
		topology Topology
	}{
		{"00", Points}, {"01", Lines}, {"02", Lines}, {"03", Lines}, {"04", Triangles}, {"05", Triangles}, {"06", Triangles},
		{"07", Points}, {"08", Lines}, {"09", Lines}, {"10", Lines}, {"11", Triangles}, {"12", Triangles}, {"13", Triangles},
		{"14", Triangles}, {"15", Triangles},
	} {
		m, err := decodeSample(t, "glTF2/glTF-Asset-Generator/Mesh_PrimitiveMode/Mesh_PrimitiveMode_"+c.file+".gltf")
		if err != nil {
			t.Fatal(err)
		}
		mesh := &m.Meshes[0]
		if mesh.Topology != c.topology {
			t.Errorf("%s is of %v, want %v", c.file, mesh.Topology, c.topology)
		}
		switch c.topology {
		case Triangles:
			var area float64
			for i := 0; i < len(mesh.Indices); i += 3 {
				_, _, z := cross64(mesh.Positions[mesh.Indices[i]], mesh.Positions[mesh.Indices[i+1]], mesh.Positions[mesh.Indices[i+2]])
				if z <= 0 {
					t.Errorf("%s: triangle %d faces away", c.file, i/3)
				}
				area += z / 2
			}
			if area < 0.999 || area > 1.001 {
				t.Errorf("%s covers %v", c.file, area)
			}
		case Lines:
			if len(mesh.Indices) != 8 {
				t.Errorf("%s has %d ends of lines, want 8", c.file, len(mesh.Indices))
			}
		}
	}
}

// verdict is what the Khronos validator says of a file.
type verdict struct {
	Errors   []struct{ Code, Pointer, Message string }
	Warnings int
}

// validate asks the validator about files, all in one process.
func validate(t *testing.T, files []string) []verdict {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("Node runs the validator of glTF: apt-get install nodejs")
	}
	cmd := exec.Command(node, filepath.Join(fixtures, "validator", "driver.js"))
	var in strings.Builder
	for _, f := range files {
		abs, err := filepath.Abs(f)
		if err != nil {
			t.Fatal(err)
		}
		line, _ := json.Marshal(map[string]string{"path": abs})
		in.Write(append(line, '\n'))
	}
	cmd.Stdin, cmd.Stderr = strings.NewReader(in.String()), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []verdict
	for s := bufio.NewScanner(strings.NewReader(string(out))); s.Scan(); {
		var v verdict
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if len(all) != len(files) {
		t.Fatalf("%d verdicts for %d files", len(all), len(files))
	}
	return all
}

// repaired are the files that the validator finds fault with and that are read
// nevertheless, and why.
var repaired = map[string]string{
	"glTF2/BoxBadNormals-glTF-Binary/BoxBadNormals.glb": "ACCESSOR_VECTOR3_NON_UNIT",                  // made of the triangles
	"glTF2/ClearCoat-glTF/ClearCoatTest.gltf":           "MESH_PRIMITIVE_NO_TANGENT_SPACE",            // of an extension that is passed over
	"glTF2/IncorrectVertexArrays/Cube.gltf":             "BUFFER_VIEW_TOO_LONG",                       // views that nothing uses
	"glTF2/issue_3269/texcoord_crash.gltf":              "MESH_PRIMITIVE_INDEXED_SEMANTIC_CONTINUITY", // the set that is missing is nil
}

// What the validator calls an error is refused, or is in the list of what is
// repaired; what it takes is read, unless it requires an extension.
func TestValidatorAgrees(t *testing.T) {
	var names, files []string
	err := filepath.WalkDir(filepath.Join(samples, "glTF2"), func(p string, _ fs.DirEntry, err error) error {
		if e := path.Ext(p); e == ".gltf" || e == ".glb" {
			files = append(files, p)
			names = append(names, strings.TrimPrefix(p, samples+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range validate(t, files) {
		_, err := decodeSample(t, names[i])
		var codes []string
		for _, e := range v.Errors {
			codes = append(codes, e.Code)
		}
		switch code, known := repaired[names[i]]; {
		case known && (err != nil || !strings.Contains(strings.Join(codes, " "), code)):
			t.Errorf("%s: it ought to be read in spite of %s; got %v, and the validator says %v", names[i], code, err, codes)
		case known:
		case len(codes) > 0 && err == nil:
			t.Errorf("%s is read, and the validator says %v", names[i], v.Errors)
		case len(codes) == 0 && err != nil && !errors.Is(err, ErrExtension):
			t.Errorf("%s: %v, and the validator finds no fault", names[i], err)
		}
	}
}
