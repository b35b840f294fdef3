//go:build cgo

package encoder

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"touchstone/internal/encoder/ortlib"
)

// session runs one graph. run is safe for concurrent use with batches of their own.
type session struct {
	onnx   *ort.DynamicAdvancedSession
	data   []byte // of the graph, until bind
	inputs int
}

// library is the one native library of the process: ONNX Runtime keeps its state in
// globals, so that it is loaded once and stays.
var library struct {
	sync.Mutex
	path string
}

func loadLibrary(path string) error {
	library.Lock()
	defer library.Unlock()
	if library.path != "" && (path == "" || path == library.path) {
		return nil
	}
	file, err := ortlib.Find(path)
	if err != nil {
		return err
	}
	if library.path != "" && file != library.path {
		return fmt.Errorf("%s cannot be loaded beside %s: one process takes one library", file, library.path)
	}
	ort.SetSharedLibraryPath(file)
	// Its errors are returned; it need not print them too.
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return fmt.Errorf("%s: %w: ONNX Runtime 1.24 or later is expected", file, err)
	}
	library.path = file
	return nil
}

// openSession loads a graph and says what goes in and comes out.
func openSession(path string, data []byte) (*session, []port, error) {
	if err := loadLibrary(path); err != nil {
		return nil, nil, err
	}
	ins, outs, err := ort.GetInputOutputInfoWithONNXData(data)
	if err != nil {
		return nil, nil, fmt.Errorf("an ONNX graph is expected: %w", err)
	}
	var ports []port
	for i, p := range append(ins, outs...) {
		ports = append(ports, port{
			name: p.Name, output: i >= len(ins), dims: p.Dimensions,
			integer: p.DataType == ort.TensorElementDataTypeInt64, float: p.DataType == ort.TensorElementDataTypeFloat,
		})
	}
	return &session{data: data}, ports, nil
}

// bind readies the session for runs from these inputs to that output.
func (s *session) bind(inputs []string, output string) (err error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, options.Destroy()) }()
	// One thread a run: every core has a run of its own. Patterns of memory are kept
	// for each shape, of which there is no end.
	err = errors.Join(options.SetIntraOpNumThreads(1), options.SetInterOpNumThreads(1), options.SetMemPattern(false),
		options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"))
	if err != nil {
		return err
	}
	s.onnx, err = ort.NewDynamicAdvancedSessionWithONNXData(s.data, inputs, []string{output}, options)
	s.data, s.inputs = nil, len(inputs)
	return err
}

// run fills b.out.
func (s *session) run(b *batch) (err error) {
	var pins runtime.Pinner // ONNX Runtime keeps the addresses until the tensors are destroyed
	defer pins.Unpin()
	shape := ort.NewShape(int64(b.rows), int64(b.length))
	var values []ort.Value
	defer func() {
		for _, v := range values {
			err = errors.Join(err, v.Destroy())
		}
	}()
	for _, data := range [][]int64{b.ids, b.mask, b.types}[:s.inputs] {
		pins.Pin(&data[0])
		v, err := ort.NewTensor(shape, data)
		if err != nil {
			return err
		}
		values = append(values, v)
	}
	shape = ort.NewShape(int64(b.rows), int64(len(b.out)/b.rows))
	if b.width != 0 {
		shape = ort.NewShape(int64(b.rows), int64(b.length), int64(b.width))
	}
	pins.Pin(&b.out[0])
	out, err := ort.NewTensor(shape, b.out)
	if err != nil {
		return err
	}
	values = append(values, out)
	return s.onnx.Run(values[:s.inputs], values[s.inputs:])
}

func (s *session) close() error {
	if s.onnx == nil {
		return nil
	}
	return s.onnx.Destroy()
}
