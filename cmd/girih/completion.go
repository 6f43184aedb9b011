package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCmd is `girih completion`: a script for a shell, made of the command line's own description.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"${enum}."`
}

// Help is printed with the usage.
func (c *completionCmd) Help() string {
	return "bash: source <(girih completion bash)\nzsh:  source <(girih completion zsh)\nfish: girih completion fish | source"
}

func (c *completionCmd) Run(a *app, ctx *kong.Context) error {
	verbs := leaves(ctx.Model.Node)
	switch c.Shell {
	case "fish":
		a.printf("%s", fish(verbs))
	case "zsh":
		a.printf("autoload -U +X bashcompinit && bashcompinit\n%s", bash(verbs))
	default:
		a.printf("%s", bash(verbs))
	}
	return nil
}

// verb is a command with its flags and the verbs below it.
type verb struct {
	name, help string
	flags      []*kong.Flag
	below      []string
}

func leaves(root *kong.Node) []verb {
	var out []verb
	for _, n := range root.Children {
		if n.Type != kong.CommandNode || n.Hidden {
			continue
		}
		v := verb{name: n.Name, help: n.Help, flags: n.Flags}
		for _, c := range n.Children {
			v.below = append(v.below, c.Name)
			for _, f := range c.Flags {
				if !slices.ContainsFunc(v.flags, func(g *kong.Flag) bool { return g.Name == f.Name }) {
					v.flags = append(v.flags, f)
				}
			}
		}
		out = append(out, v)
	}
	return out
}

// values are what a flag takes, where these are few.
func values(f *kong.Flag) []string {
	switch {
	case f.Enum != "":
		var out []string
		for _, v := range strings.Split(f.Enum, ",") {
			if v != "" {
				out = append(out, v)
			}
		}
		return out
	case f.Name == "on":
		return executorNames
	case f.Name == "target":
		return []string{"cpu", "sm_80", "sm_86", "sm_89", "sm_90", "sm_90a", "sm_100a", "sm_120a"}
	}
	return nil
}

func bash(verbs []verb) string {
	var b strings.Builder
	b.WriteString("_girih() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} words=\n")
	b.WriteString("\tCOMPREPLY=()\n\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W \"")
	for i, v := range verbs {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(v.name)
	}
	b.WriteString("\" -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase \"$verb $prev\" in\n")
	for _, v := range verbs {
		for _, f := range v.flags {
			if vs := values(f); vs != nil {
				fmt.Fprintf(&b, "\t'%s --%s') COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")); return ;;\n", v.name, f.Name, strings.Join(vs, " "))
			}
		}
	}
	b.WriteString("\tesac\n\tcase \"$verb\" in\n")
	for _, v := range verbs {
		words := slices.Clone(v.below)
		for _, f := range v.flags {
			words = append(words, "--"+f.Name)
		}
		fmt.Fprintf(&b, "\t%s) words=\"%s\" ;;\n", v.name, strings.Join(words, " "))
	}
	b.WriteString("\tesac\n\tcase \"$cur\" in\n\t-*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;\n")
	b.WriteString("\t*) [ \"$COMP_CWORD\" -eq 2 ] && COMPREPLY=($(compgen -W \"${words//--*/}\" -- \"$cur\")) ;;\n\tesac\n}\ncomplete -o default -F _girih girih\n")
	return b.String()
}

func fish(verbs []verb) string {
	quote := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'" }
	var b strings.Builder
	for _, v := range verbs {
		fmt.Fprintf(&b, "complete -c girih -n __fish_use_subcommand -a %s -d %s\n", v.name, quote(v.help))
		for _, s := range v.below {
			fmt.Fprintf(&b, "complete -c girih -n '__fish_seen_subcommand_from %s' -a %s\n", v.name, s)
		}
		for _, f := range v.flags {
			fmt.Fprintf(&b, "complete -c girih -n '__fish_seen_subcommand_from %s' -l %s -d %s", v.name, f.Name, quote(f.Help))
			if vs := values(f); vs != nil {
				fmt.Fprintf(&b, " -x -a %s", quote(strings.Join(vs, " ")))
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}
