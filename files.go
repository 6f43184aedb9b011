package girih

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"unsafe"

	"github.com/girih-lang/girih/runtime/tensor"
)

// LoadNpy reads a NumPy .npy file (versions 1 to 3, dtypes f2 f4 f8, i1…i8, u1…u8, b1, any byte order; column-major arrays
// are transposed). To a tensor of a type that NumPy lacks it comes with as: every value must exist there. Without as the type
// is the file's.
func (d *Device) LoadNpy(path string, as ...DType) (*Tensor, error) {
	h, err := tensor.LoadNpy(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	return d.uploadAs(path, h, as)
}

func (d *Device) uploadAs(name string, h *tensor.Tensor, as []DType) (*Tensor, error) {
	if len(as) > 0 {
		var err error
		if h, err = h.As(as[0].t); err != nil {
			return nil, errorf(ErrDType, "%s: %w", name, err)
		}
	}
	return d.upload(h)
}

// SaveNpy writes a .npy file with the values in the nearest type that NumPy has; nothing is left under the name when it
// fails.
func (t *Tensor) SaveNpy(path string) error {
	h, err := t.read()
	if err != nil {
		return err
	}
	return fileError(path, tensor.SaveNpy(path, h, false))
}

// Safetensors is an open file of named tensors. Where the system can, its data is mapped, so that a large file costs
// memory only for what is used; the file must not be changed or cut meanwhile.
type Safetensors struct {
	f    *tensor.Safetensors
	path string

	mu     sync.Mutex
	closed bool
	data   []byte // the mapped file; nil where it is not
	ref    *mapping
}

// OpenSafetensors opens a file and checks its table of contents: every tensor lies inside and none overlaps another.
func OpenSafetensors(path string) (*Safetensors, error) {
	f, err := tensor.OpenSafetensors(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	s := &Safetensors{f: f, path: path}
	if s.ref, err = mapFile(path); err == nil {
		s.data = s.ref.data
	}
	return s, nil
}

// Names are the tensors in the order of the file.
func (s *Safetensors) Names() []string { return s.f.Names() }

// Metadata is the file's map of strings; it may be nil.
func (s *Safetensors) Metadata() map[string]string { return s.f.Metadata }

// Tensor loads a tensor to a device, with as converted as LoadNpy does. On vm and cpu an unconverted tensor lies over the
// mapped file, copy on write: what is stored into it does not reach the file. It stays good when the Safetensors is closed.
func (s *Safetensors) Tensor(d *Device, name string, as ...DType) (*Tensor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errorf(ErrClosed, "%s is closed", s.path)
	}
	if d.gpu == nil && s.data != nil && len(as) == 0 {
		if dt, shape, off, n, err := s.f.Span(name); err == nil && off+n <= int64(len(s.data)) && n > 0 {
			b := s.data[off : off+n : off+n]
			p := uintptr(unsafe.Pointer(&b[0]))
			if p%d.alignment(dt) == 0 && !dt.IsBool() && s.ref.retain() { // bytes of a bool are checked when read
				t, err := d.FromPointer(p, DType{dt}, shape, s.ref.drop)
				if err != nil {
					s.ref.drop()
				}
				return t, err
			}
		}
	}
	h, err := s.f.Tensor(name)
	if err != nil {
		return nil, fileError(s.path, err)
	}
	return d.uploadAs(s.path+": "+name, h, as)
}

// Close closes the file. A second Close does nothing.
func (s *Safetensors) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.data != nil {
		s.data = nil
		s.ref.drop()
	}
	return s.f.Close()
}

// fileError names the file once.
func fileError(path string, err error) error {
	var pe *fs.PathError
	if err == nil || errors.As(err, &pe) || errors.Is(err, os.ErrClosed) {
		return err
	}
	if s := err.Error(); len(s) >= len(path) && s[:len(path)] == path {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}
