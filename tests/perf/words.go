package main

import "strings"

// withWords puts behind each row the same with words in its kernel's grid line, once for each part of a list with semicolons in between.
func withWords(rows []row, list string) []row {
	var rs []row
	for _, r := range rows {
		rs = append(rs, r)
		for words := range strings.SplitSeq(list, ";") {
			r.words = strings.TrimSpace(words)
			rs = append(rs, r)
		}
	}
	return rs
}

// insert adds words to the grid line of a kernel.
func insert(text, kernel, words string) string {
	lines, inside := strings.Split(text, "\n"), false
	for i, s := range lines {
		if strings.HasPrefix(s, "kernel ") {
			inside = strings.HasPrefix(s, "kernel "+kernel+"(") || strings.HasPrefix(s, "kernel "+kernel+"[")
		}
		if inside && strings.HasPrefix(s, "\tgrid ") {
			code, comment, found := strings.Cut(s, "//")
			lines[i] = strings.TrimRight(code, " ") + " " + words
			if found {
				lines[i] += " //" + comment
			}
			return strings.Join(lines, "\n")
		}
	}
	return text
}
