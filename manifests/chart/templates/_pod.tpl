{{/* A Deployment: (dict "root" $ "component" "service" "replicas" 1 "args" (list …) "probe" (dict …) "tmp" "512Mi"). */}}
{{- define "k8s-pipeline.deployment" -}}
{{- $values := .root.Values -}}
{{- $own := index $values .component -}}
{{- $isService := eq .component "service" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "k8s-pipeline.componentName" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "k8s-pipeline.labels" . | nindent 4 }}
spec:
  replicas: {{ .replicas }}
  # Two of them side by side are harmless: both would write the same.
  strategy:
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels:
      {{- include "k8s-pipeline.selector" . | nindent 6 }}
  template:
    metadata:
      annotations:
        # A change of the settings starts new pods.
        checksum/settings: {{ toYaml $values.settings | sha256sum }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      labels:
        {{- with $values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- include "k8s-pipeline.labels" . | nindent 8 }}
    spec:
      serviceAccountName: {{ include "k8s-pipeline.account" . }}
      automountServiceAccountToken: true
      # Else Kubernetes would put variables into the environment that look like settings: K8S_PIPELINE_PORT.
      enableServiceLinks: false
      terminationGracePeriodSeconds: 45
      {{- with $values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: {{ .component }}
          image: {{ include "k8s-pipeline.image" .root | quote }}
          imagePullPolicy: {{ $values.image.pullPolicy }}
          args:
            {{- range concat .args $own.extraArgs }}
            - {{ . | quote }}
            {{- end }}
          env:
            - name: K8S_PIPELINE_CONFIG
              value: /etc/k8s-pipeline/settings/settings.yaml
            - name: K8S_NAMESPACE
              value: {{ include "k8s-pipeline.runsNamespace" .root }}
            - name: K8S_SERVICE_ACCOUNT_NAME
              value: {{ include "k8s-pipeline.runsAccount" .root }}
            {{- if $values.openmetadata.existingSecret }}
            - name: OPENMETADATA_JWT_TOKEN_FILE
              value: /etc/k8s-pipeline/openmetadata/{{ $values.openmetadata.tokenKey }}
            {{- end }}
            {{- if $values.rbac.watch }}
            - name: K8S_PIPELINE_REPORTER_WATCH
              value: "true"
            {{- end }}
            {{- with $values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            {{- if $isService }}
            - {name: http, containerPort: 8080}
            {{- end }}
            - {name: metrics, containerPort: 8081}
          startupProbe:
            httpGet: {{ toJson .probe }}
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: {{ toJson .probe }}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet: {{ toJson .probe }}
            periodSeconds: {{ $isService | ternary 5 10 }}
            timeoutSeconds: 5
          resources:
            {{- toYaml $own.resources | nindent 12 }}
          {{- if $isService }}
          # Until then every node has heard that nothing is to be sent here any more.
          lifecycle:
            preStop: {sleep: {seconds: 5}}
          {{- end }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          volumeMounts:
            - {name: settings, mountPath: /etc/k8s-pipeline/settings, readOnly: true}
            {{- if $isService }}
            - {name: login, mountPath: /etc/k8s-pipeline/login, readOnly: true}
            {{- if $values.tls.existingSecret }}
            - {name: tls, mountPath: /etc/k8s-pipeline/tls, readOnly: true}
            {{- end }}
            {{- end }}
            {{- if $values.openmetadata.existingSecret }}
            - {name: openmetadata, mountPath: /etc/k8s-pipeline/openmetadata, readOnly: true}
            {{- end }}
            - {name: tmp, mountPath: /tmp}
            {{- with $values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: settings
          configMap: {name: {{ include "k8s-pipeline.fullname" .root }}-settings}
        {{- if $isService }}
        - name: login
          secret: {secretName: {{ $own.auth.existingSecret }}}
        {{- with $values.tls.existingSecret }}
        - name: tls
          secret: {secretName: {{ . }}}
        {{- end }}
        {{- end }}
        {{- with $values.openmetadata.existingSecret }}
        - name: openmetadata
          secret: {secretName: {{ . }}}
        {{- end }}
        - name: tmp
          emptyDir: {sizeLimit: {{ .tmp }}}
        {{- with $values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if $values.topologySpreadConstraints }}
      topologySpreadConstraints:
        {{- toYaml $values.topologySpreadConstraints | nindent 8 }}
      {{- else if gt (int .replicas) 1 }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "k8s-pipeline.selector" . | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
      {{- end }}
{{- end -}}
