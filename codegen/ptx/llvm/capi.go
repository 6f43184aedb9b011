//go:build linux || darwin || freebsd

package llvm

import (
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"
)

// handle is one of LLVM's opaque pointers. They are never Go memory, so the garbage collector need not know them.
type handle = uintptr

// capi is the part of LLVM's C interface (llvm-c/*.h) in use. Strings out of LLVM are *byte and freed by their reader.
type capi struct {
	getVersion func(major, minor, patch *uint32)

	contextCreate, passOptionsCreate                   func() handle
	contextDispose, disposeModule, disposeBuffer       func(handle)
	disposeMachine, disposePassOptions, disposeMessage func(handle)
	disposeErrorMessage, disposeTargetData             func(handle)
	bufferCopy                                         func(start *byte, n uintptr, name string) handle
	bufferStart                                        func(handle) *byte
	bufferSize                                         func(handle) uintptr
	parseIR                                            func(ctx, buf handle, mod, msg *handle) int32
	verify                                             func(mod handle, action int32, msg *handle) int32
	runPasses                                          func(mod handle, passes string, tm, opts handle) handle
	errorMessage                                       func(handle) handle
	targetFromTriple                                   func(triple string, target, msg *handle) int32
	createMachine                                      func(target handle, triple, cpu, features string, opt, reloc, model int32) handle
	machineLayout                                      func(handle) handle
	setModuleLayout                                    func(mod, layout handle)
	setVerbose                                         func(tm handle, on int32)
	emitToBuffer                                       func(tm, mod handle, kind int32, msg, buf *handle) int32
	printModule                                        func(handle) handle
	firstFunction, nextFunction                        func(handle) handle
	stringAttr                                         func(fn handle, index uint32, key string, n uint32) handle
	addTargetAttr                                      func(fn handle, key, value string)
	setDiagnosticHandler                               func(ctx, callback, data handle)
	diagDescription                                    func(handle) handle
	diagSeverity                                       func(handle) int32
	installFatalHandler                                func(callback handle)
}

// load binds the functions of an open library; a missing one is an error, where purego alone would panic.
func (c *capi) load(lib handle) error {
	bind := func(name string, fn any) error {
		p, err := purego.Dlsym(lib, name)
		if err != nil {
			return fmt.Errorf("it has no function %s", name)
		}
		purego.RegisterFunc(fn, p)
		return nil
	}
	if err := bind("LLVMGetVersion", &c.getVersion); err != nil { // since LLVM 16
		return fmt.Errorf("it is older than LLVM %d: %w", Major, err)
	}
	var major, minor, patch uint32
	if c.getVersion(&major, &minor, &patch); major != Major {
		return fmt.Errorf("it is LLVM %d.%d.%d, expected %d", major, minor, patch, Major)
	}
	for _, s := range []struct {
		name string
		fn   any
	}{
		{"LLVMContextCreate", &c.contextCreate},
		{"LLVMContextDispose", &c.contextDispose},
		{"LLVMDisposeModule", &c.disposeModule},
		{"LLVMDisposeMemoryBuffer", &c.disposeBuffer},
		{"LLVMDisposeTargetMachine", &c.disposeMachine},
		{"LLVMDisposePassBuilderOptions", &c.disposePassOptions},
		{"LLVMDisposeMessage", &c.disposeMessage},
		{"LLVMDisposeErrorMessage", &c.disposeErrorMessage},
		{"LLVMDisposeTargetData", &c.disposeTargetData},
		{"LLVMCreatePassBuilderOptions", &c.passOptionsCreate},
		{"LLVMCreateMemoryBufferWithMemoryRangeCopy", &c.bufferCopy},
		{"LLVMGetBufferStart", &c.bufferStart},
		{"LLVMGetBufferSize", &c.bufferSize},
		{"LLVMParseIRInContext2", &c.parseIR},
		{"LLVMVerifyModule", &c.verify},
		{"LLVMRunPasses", &c.runPasses},
		{"LLVMGetErrorMessage", &c.errorMessage},
		{"LLVMGetTargetFromTriple", &c.targetFromTriple},
		{"LLVMCreateTargetMachine", &c.createMachine},
		{"LLVMCreateTargetDataLayout", &c.machineLayout},
		{"LLVMSetModuleDataLayout", &c.setModuleLayout},
		{"LLVMSetTargetMachineAsmVerbosity", &c.setVerbose},
		{"LLVMTargetMachineEmitToMemoryBuffer", &c.emitToBuffer},
		{"LLVMPrintModuleToString", &c.printModule},
		{"LLVMGetFirstFunction", &c.firstFunction},
		{"LLVMGetNextFunction", &c.nextFunction},
		{"LLVMGetStringAttributeAtIndex", &c.stringAttr},
		{"LLVMAddTargetDependentFunctionAttr", &c.addTargetAttr},
		{"LLVMContextSetDiagnosticHandler", &c.setDiagnosticHandler},
		{"LLVMGetDiagInfoDescription", &c.diagDescription},
		{"LLVMGetDiagInfoSeverity", &c.diagSeverity},
		{"LLVMInstallFatalErrorHandler", &c.installFatalHandler},
	} {
		if err := bind(s.name, s.fn); err != nil {
			return err
		}
	}
	for _, name := range []string{"LLVMInitializeNVPTXTargetInfo", "LLVMInitializeNVPTXTarget",
		"LLVMInitializeNVPTXTargetMC", "LLVMInitializeNVPTXAsmPrinter"} {
		p, err := purego.Dlsym(lib, name)
		if err != nil {
			return fmt.Errorf("it was built without the NVPTX target")
		}
		purego.SyscallN(p)
	}
	return nil
}

// The values of llvm-c's enumerations in use.
const (
	returnStatus    = 2          // LLVMReturnStatusAction
	levelAggressive = 3          // LLVMCodeGenLevelAggressive
	asmFile         = 0          // LLVMAssemblyFile
	severityError   = 0          // LLVMDSError
	functionIndex   = ^uint32(0) // LLVMAttributeFunctionIndex
)

// message takes a string that LLVM allocated, and frees it.
func (c *capi) message(p handle) string {
	if p == 0 {
		return ""
	}
	defer c.disposeMessage(p)
	return cstring(p)
}

// cstring copies a C string out of LLVM's memory.
func cstring(p handle) string {
	b := *(**byte)(unsafe.Pointer(&p)) // as vet asks: no conversion of an integer to a pointer
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(b), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(b, n))
}
