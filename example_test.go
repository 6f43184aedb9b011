package girih_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/girih-lang/girih"
)

const addSource = `package add

// Add adds two vectors of any length.
kernel Add[T type = f32](a, b T[N]) (c T[N]) {
	grid n in N by 256
	c[n] = a[n] + b[n]
}
`

// Compile a kernel, open a device, make tensors, call.
func Example() {
	ctx := context.Background()
	dev, err := girih.Open("vm") // or "cpu", "cuda:0"
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()

	add, err := girih.Compile(addSource, "Add", girih.Set("T", girih.F16))
	if err != nil {
		log.Fatal(err)
	}
	a, err := dev.FromFloats(girih.F16, []float64{1, 2, 3})
	if err != nil {
		log.Fatal(err)
	}
	results, err := add.Call(ctx, a, a)
	if err != nil {
		log.Fatal(err)
	}
	values, err := results[0].Floats()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(results[0], values)
	// Output: f16[3] on vm [2 4 6]
}

// A launcher binds its arguments once; a launch allocates nothing on a GPU.
func ExampleKernel_Prepare() {
	ctx := context.Background()
	dev, _ := girih.Open("vm")
	defer dev.Close()
	add, _ := girih.Compile(addSource, "Add")
	x, _ := girih.FromSlice(dev, []float32{1, 1, 1})
	one, _ := girih.FromSlice(dev, []float32{1, 1, 1})
	y, _ := dev.New(girih.F32, 3)

	l, err := add.Prepare(ctx, x, one, y) // inputs, then results
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	stream, err := dev.NewStream()
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Close()
	for range 3 {
		if err := l.Launch(ctx, stream); err != nil {
			log.Fatal(err)
		}
	}
	if err := stream.Sync(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(girih.Slice[float32](y))
	// Output: [2 2 2] <nil>
}

// A graph is several launches as one.
func ExampleStream_Capture() {
	ctx := context.Background()
	dev, _ := girih.Open("vm")
	defer dev.Close()
	add, _ := girih.Compile(addSource, "Add")
	one, _ := girih.FromSlice(dev, []float32{1, 1})
	x, _ := dev.New(girih.F32, 2)
	y, _ := dev.New(girih.F32, 2)
	there, _ := add.Prepare(ctx, x, one, y) // y = x + 1
	back, _ := add.Prepare(ctx, y, one, x)  // x = y + 1

	stream, _ := dev.NewStream()
	graph, err := stream.Capture(func() error {
		return errors.Join(there.Launch(ctx, stream), back.Launch(ctx, stream))
	})
	if err != nil {
		log.Fatal(err)
	}
	for range 10 {
		if err := graph.Launch(ctx, stream); err != nil {
			log.Fatal(err)
		}
	}
	_ = stream.Sync()
	fmt.Println(girih.Slice[float32](x))
	// Output: [20 20] <nil>
}

// Weights of four bits, quantised in groups of 64 rows and packed once for the kernel that reads them.
func ExampleKernel_Pack() {
	ctx := context.Background()
	dev, _ := girih.Open("vm")
	defer dev.Close()
	pkg, err := girih.Load("examples/linear/linear.girih")
	if err != nil {
		log.Fatal(err)
	}
	linear, err := pkg.Kernel("Linear", girih.Set("W", girih.I4), girih.Set("G", 64))
	if err != nil {
		log.Fatal(err)
	}
	weights, _ := dev.Random(girih.F32, 1, 128, 64)
	q, s, err := girih.Quantize(weights, girih.I4, 64, girih.F16)
	if err != nil {
		log.Fatal(err)
	}
	w, err := linear.Pack(ctx, "w", q)
	if err != nil {
		log.Fatal(err)
	}
	x, _ := dev.Random(girih.F16, 2, 16, 128)
	y, err := linear.Call(ctx, x, w, s)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(y[0])
	// Output: f16[16, 64] on vm
}

// Mistakes in the source have places; mistakes in arguments name them.
func ExampleSourceError() {
	_, err := girih.Compile("kernel A(x f32[N]) (y f32[N]) {\n\tgrid n in N by 64\n\ty[n] = z\n}\n", "A")
	var se *girih.SourceError
	if errors.As(err, &se) {
		d := se.Diagnostics[0]
		fmt.Printf("line %d, column %d: %s\n", d.Line, d.Column, d.Code)
	}
	dev, _ := girih.Open("vm")
	defer dev.Close()
	add, _ := girih.Compile(addSource, "Add")
	a, _ := dev.New(girih.F32, 3)
	b, _ := dev.New(girih.F32, 4)
	_, err = add.Call(context.Background(), a, b)
	fmt.Println(errors.Is(err, girih.ErrShape))
	fmt.Println(err)
	// Output:
	// line 3, column 9: G0101
	// true
	// kernel Add: argument "b": dimension 0 is 4, expected N = 3 (from argument "a", dimension 0)
}

func ExampleOpen() {
	dev, err := girih.Open("cuda:0")
	if errors.Is(err, girih.ErrNoGPU) { // the error says what to install
		dev, err = girih.Open("vm")
	}
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	// Compile and call kernels on dev.
}

func ExampleTensor_DLPack() {
	dev, _ := girih.Open("vm")
	defer dev.Close()
	x, _ := girih.FromSlice(dev, []int32{1, 2, 3})
	capsule, err := x.DLPack() // to be given to another library, which calls the deleter in the end
	if err != nil {
		log.Fatal(err)
	}
	y, err := dev.FromDLPack(capsule)
	if err != nil {
		log.Fatal(err)
	}
	defer y.Free()
	fmt.Println(girih.Slice[int32](y))
	// Output: [1 2 3] <nil>
}
