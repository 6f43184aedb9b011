// Command embed computes sentence embeddings with all-MiniLM-L6-v2, every operation a Girih kernel: on the virtual machine, the
// CPU or a GPU, with the weights in any type.
//
//	sh examples/embed/fetch.sh
//	go run ./examples/embed "A sentence." "Another one."
//
// The kernels stand in embed.girih, linear.girih and quantize.girih; the Go code moves tensors and launches. It is an example of
// the library: what is here is to be read and copied, not imported.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/girih-lang/girih"
	"github.com/girih-lang/girih/examples/embed/wordpiece"
)

// maxTokens is what the model was trained for, as its sentence_bert_config.json says.
const maxTokens = 256

type options struct {
	on, w, s, a, model, target string
	group, runs                int
	calibrate                  bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	var source *girih.SourceError
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
	case errors.As(err, &source):
		_ = source.Render(os.Stderr, false)
		os.Exit(3)
	default:
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) error {
	var o options
	f := flag.NewFlagSet("embed", flag.ContinueOnError)
	f.SetOutput(errs)
	f.Usage = func() {
		fmt.Fprintln(errs, "usage: embed [flags] \"sentence\" …     sentences come from standard input, one a line, where none is given")
		f.PrintDefaults()
	}
	f.StringVar(&o.on, "on", "", "the device: vm, cpu, cuda or cuda:N (default: a GPU, else the cpu, else the vm)")
	f.StringVar(&o.w, "W", "f16", "the type of the weights: f32, f16, bf16, or one of 2 to 8 bits such as i4, u4, f4e2m1, f6e3m2")
	f.StringVar(&o.s, "S", "", "the type of the two most sensitive layers of six in place of -W: i6 beside i4, say (default: that of -W)")
	f.StringVar(&o.a, "A", "", "the type of the activations: f32, f16 or bf16 (default: f16 on a GPU, else f32)")
	f.IntVar(&o.group, "G", 32, "how many weights of at most 8 bits share a scale")
	f.BoolVar(&o.calibrate, "calibrate", false, "look at sentences while rounding weights to at most 8 bits: better, and takes a while")
	f.IntVar(&o.runs, "runs", 1, "how often to run, for a steadier time")
	f.StringVar(&o.model, "model", "", "the directory that fetch.sh has filled (default examples/embed/model, or model)")
	f.StringVar(&o.target, "compile", "", "only compile, for a GPU generation such as sm_90a: fills $GIRIH_CACHE for a machine without LLVM")
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.target != "" {
		dir, err := modelDir(o.model)
		if err != nil {
			return err
		}
		t, err := o.types()
		if err != nil {
			return err
		}
		return precompileModel(ctx, o.target, dir, t)
	}
	sentences := f.Args()
	if len(sentences) == 0 {
		for lines := bufio.NewScanner(in); lines.Scan(); {
			if s := strings.TrimSpace(lines.Text()); s != "" {
				sentences = append(sentences, s)
			}
		}
	}
	if len(sentences) == 0 {
		return errors.New("no sentences: give them as arguments or on standard input, one a line")
	}
	dir, err := modelDir(o.model)
	if err != nil {
		return err
	}
	return o.embed(ctx, dir, sentences, out)
}

// modelDir finds the directory of the model.
func modelDir(dir string) (string, error) {
	tried := []string{dir}
	if dir == "" {
		tried = []string{filepath.Join("examples", "embed", "model"), "model"}
	}
	for _, d := range tried {
		if _, err := os.Stat(filepath.Join(d, "model.safetensors")); err == nil {
			return d, nil
		}
	}
	return "", fmt.Errorf("there is no model.safetensors in %s: fetch it with sh examples/embed/fetch.sh", strings.Join(tried, " or "))
}

// open opens the device that is asked for, or the best one there is.
func open(name string) (*girih.Device, error) {
	if name != "" {
		return girih.Open(name)
	}
	names := girih.Devices()
	for i := range names {
		if d, err := girih.Open(names[len(names)-1-i]); err == nil {
			return d, nil
		}
	}
	return girih.Open("vm")
}

func (o *options) types() (t Types, err error) {
	if t.Weights, err = girih.ParseDType(o.w); err != nil {
		return t, fmt.Errorf("-W: %w", err)
	}
	if o.s != "" {
		if t.Sensitive, err = girih.ParseDType(o.s); err != nil {
			return t, fmt.Errorf("-S: %w", err)
		}
	}
	if o.a != "" {
		if t.Activations, err = girih.ParseDType(o.a); err != nil {
			return t, fmt.Errorf("-A: %w", err)
		}
	}
	t.Group = o.group
	return t, nil
}

func (o *options) embed(ctx context.Context, dir string, sentences []string, out io.Writer) error {
	t, err := o.types()
	if err != nil {
		return err
	}
	vocab, err := os.Open(filepath.Join(dir, "vocab.txt"))
	if err != nil {
		return err
	}
	defer vocab.Close()
	v, err := wordpiece.Read(bufio.NewReader(vocab))
	if err != nil {
		return err
	}
	d, err := open(o.on)
	if err != nil {
		return err
	}
	defer d.Close()
	if o.calibrate {
		t.Calibration = calibration(v)
	}
	start := time.Now()
	m, err := Load(ctx, d, dir, t)
	if err != nil {
		return err
	}
	defer m.Close()
	loaded := time.Since(start)

	ids := make([][]int32, len(sentences))
	tokens := 0
	for i, s := range sentences {
		ids[i] = v.Encode(s, maxTokens)
		tokens += len(ids[i])
	}
	start = time.Now()
	embeddings, err := m.Encode(ctx, ids) // compiles what is not in the cache
	if err != nil {
		return err
	}
	first := time.Since(start)
	best := time.Duration(1<<63 - 1)
	for range max(o.runs, 1) {
		start = time.Now()
		if embeddings, err = m.Encode(ctx, ids); err != nil {
			return err
		}
		best = min(best, time.Since(start))
	}
	cosines, err := m.Similarity(ctx, embeddings)
	if err != nil {
		return err
	}
	report(out, sentences, ids, embeddings, cosines)
	n := time.Duration(len(sentences))
	fmt.Fprintf(out, "\n%s, weights %s, activations %s: %v for a sentence, %d tokens in all (loading %v, first run %v)\n",
		d, m.types.weights(), m.types.Activations, (best / n).Round(time.Microsecond), tokens, loaded.Round(time.Millisecond), first.Round(time.Millisecond))
	return nil
}

// report prints the beginning of each embedding and the table of cosines.
func report(out io.Writer, sentences []string, ids [][]int32, embeddings, cosines [][]float32) {
	for i, s := range sentences {
		fmt.Fprintf(out, "%2d  %s\n    %d tokens [", i+1, s, len(ids[i]))
		for _, x := range embeddings[i][:6] {
			fmt.Fprintf(out, "%+.4f ", x)
		}
		fmt.Fprintln(out, "…]")
	}
	fmt.Fprint(out, "\n   ")
	for i := range sentences {
		fmt.Fprintf(out, " %6d", i+1)
	}
	for i := range sentences {
		fmt.Fprintf(out, "\n%2d ", i+1)
		for j := range sentences {
			fmt.Fprintf(out, " %6.3f", cosines[i][j])
		}
	}
	fmt.Fprintln(out)
}
