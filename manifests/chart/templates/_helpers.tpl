{{- define "k8s-pipeline.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough for the longest name that is made of it, which ends in -reporter. */}}
{{- define "k8s-pipeline.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Of a component: (dict "root" $ "component" "service"). */}}
{{- define "k8s-pipeline.selector" -}}
app.kubernetes.io/name: {{ include "k8s-pipeline.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "k8s-pipeline.labels" -}}
{{ include "k8s-pipeline.selector" . }}
app.kubernetes.io/part-of: openmetadata
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "k8s-pipeline.runsNamespace" -}}
{{- default .Release.Namespace .Values.runs.namespace -}}
{{- end -}}

{{- define "k8s-pipeline.runsAccount" -}}
{{- if .Values.runs.serviceAccount.create -}}
{{- default (printf "%s-ingestion" (include "k8s-pipeline.fullname" .)) .Values.runs.serviceAccount.name -}}
{{- else -}}
{{- default "openmetadata-ingestion" .Values.runs.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The objects of a component but for the Service of the service, which is the one that people type. */}}
{{- define "k8s-pipeline.componentName" -}}
{{ include "k8s-pipeline.fullname" .root }}-{{ .component }}
{{- end -}}

{{/* Account and Role: those of the service are the release's. */}}
{{- define "k8s-pipeline.identity" -}}
{{- if eq .component "service" -}}
{{ include "k8s-pipeline.fullname" .root }}
{{- else -}}
{{ include "k8s-pipeline.componentName" . }}
{{- end -}}
{{- end -}}

{{- define "k8s-pipeline.account" -}}
{{- $given := (index .root.Values .component).serviceAccount -}}
{{- if $given.create -}}
{{- default (include "k8s-pipeline.identity" .) $given.name -}}
{{- else -}}
{{- default "default" $given.name -}}
{{- end -}}
{{- end -}}

{{- define "k8s-pipeline.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end -}}

{{/* The components that are enabled, as a list in JSON. */}}
{{- define "k8s-pipeline.components" -}}
{{- $found := list -}}
{{- range list "service" "reporter" -}}
{{- if (index $.Values .).enabled -}}{{- $found = append $found . -}}{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}
