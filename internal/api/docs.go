package api

import "net/http"

func (a *API) docs(w http.ResponseWriter, r *http.Request) {}
func docsStyle(w http.ResponseWriter, _ *http.Request)     {}
