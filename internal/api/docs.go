package api

import (
	"bytes"
	_ "embed"
	htmltemplate "html/template"
	"net/http"
	"strings"
	"text/template"
)

//go:embed docs.html
var docsPage string

//go:embed docs.css
var docsCSS []byte

//go:embed docs.md
var docsMarkdown string

var (
	page     = htmltemplate.Must(htmltemplate.New("docs").Parse(docsPage))
	markdown = template.Must(template.New("reference").Funcs(template.FuncMap{
		"cell":   func(s string) string { return strings.ReplaceAll(s, "|", "\\|") },
		"anchor": func(s string) string { return strings.ToLower(s) },
	}).Parse(docsMarkdown))
)

// docs is the reference as a page that needs nothing but its style sheet.
func (a *API) docs(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	if err := page.Execute(&b, a.reference()); err != nil {
		a.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b.Bytes())
}

func docsStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Write(docsCSS)
}

// Reference writes docs/reference/api.md.
func (a *API) Reference() ([]byte, error) {
	var b bytes.Buffer
	err := markdown.Execute(&b, a.reference())
	return b.Bytes(), err
}
