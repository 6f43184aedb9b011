package main

// linearAfter is the file of Linear with the word after(x).
const linearAfter = "linear after"

// withAfter puts behind each row of Linear the same with the word.
func withAfter(rows []row) []row {
	var rs []row
	for _, r := range rows {
		rs = append(rs, r)
		if r.file == "linear" {
			r.file = linearAfter
			rs = append(rs, r)
		}
	}
	return rs
}
