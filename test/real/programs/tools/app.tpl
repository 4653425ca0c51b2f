{{- /* What consul-template renders in test/real/tools.real.test.ts. */ -}}
{{ with secret "old/app" }}old {{ .Data.user }} {{ .Data.n }} {{ .LeaseDuration }}{{ end }}
{{ with secret "team/data/app" }}team {{ .Data.data.user }} {{ .Data.metadata.version }} {{ .Data.data.list }}{{ end }}
{{ with secret "team/app" }}short {{ .Data.data.user }}{{ end }}
{{ with secret "team/data/app?version=1" }}first {{ .Data.data.user }}{{ end }}
{{ range secrets "team/metadata/more/" }}{{ . }}={{ with secret (printf "team/more/%s" .) }}{{ .Data.data.value }}{{ end }}
{{ end }}{{ range secrets "old/" }}has {{ . }}
{{ end }}
