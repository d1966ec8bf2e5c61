/** A self-signed certificate of localhost and 127.0.0.1, for tests of TLS alone. */
export const testCertificate: { readonly cert: string; readonly key: string } = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUQVrFQJDTj/kG9zJ9yNVsS8QRLW8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzA4NDAyMFoYDzIxMjYxMDMw
MDg0MDIwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASEHer2wXVq3qZifN8sM1ExH/vLwdtk0VrUIsxsy/j/UXrTYyP3ziZS
HeHD57jKBNOjTla4DwxIfEVXe9vxZBa6o28wbTAdBgNVHQ4EFgQUteI/a1BkKRPe
8CtAarrlypTqgy8wHwYDVR0jBBgwFoAUteI/a1BkKRPe8CtAarrlypTqgy8wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAIrYrIDyyCXpmc6B+qAOq0MG4jiwzDq/MC760cF9x+h4AiEA
rcBz4GaMK8Wo2zkq0+rIagtCkzNSSbcTesFzKxw2iqs=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyJFasbZ2wqDRErAu
v7LUV8RAb3zOqtNjfhmbqpKWgD6hRANCAASEHer2wXVq3qZifN8sM1ExH/vLwdtk
0VrUIsxsy/j/UXrTYyP3ziZSHeHD57jKBNOjTla4DwxIfEVXe9vxZBa6
-----END PRIVATE KEY-----
`,
};
