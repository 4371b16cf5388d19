/**
 * A certificate for 127.0.0.1 and localhost that signs itself, valid for a hundred years, and its key. Its key is public: it protects nothing,
 * and no program of ours trusts it unless a test gives it as its authority. It lies here so that tests need no openssl.
 */
export const testCertificate = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg89qLnRUod/krH4Sv
2seWpNzH/rz86+E+QLJfIU9kYoqhRANCAASjz2bLaK2g02ix3Oqb2nICvVHD7Xqo
qWTqmxhC656QFtfe8cUn5Hh7o5YTcn2yxdPCX+ggZDIkih+OZ2N9y6VT
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIB2zCCAYGgAwIBAgIUWAwJpCjUYyAP6w76Zj4EAkJ4Ux0wCgYIKoZIzj0EAwIw
NDEyMDAGA1UEAwwpVGVzdCBjZXJ0aWZpY2F0ZSBvZiBtYWlsY29yZG9uLCB3b3J0
aGxlc3MwIBcNMjYxMTIzMTgyODExWhgPMjEyNjEwMzAxODI4MTFaMDQxMjAwBgNV
BAMMKVRlc3QgY2VydGlmaWNhdGUgb2YgbWFpbGNvcmRvbiwgd29ydGhsZXNzMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEo89my2itoNNosdzqm9pyAr1Rw+16qKlk
6psYQuuekBbX3vHFJ+R4e6OWE3J9ssXTwl/oIGQyJIofjmdjfculU6NvMG0wHQYD
VR0OBBYEFK1Fwasg3tvPYIMgtUapjL4HTYZ9MB8GA1UdIwQYMBaAFK1Fwasg3tvP
YIMgtUapjL4HTYZ9MA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYcEfwAAAYIJ
bG9jYWxob3N0MAoGCCqGSM49BAMCA0gAMEUCIAMTE1UYz4iT/qynwzUH0/4rJc+z
+HBBMjeyBQux2d9FAiEA/tgxhUvknQJipzrugBEoL73WfjukWL7QLPay1Lswozw=
-----END CERTIFICATE-----
`,
};
