/**
 * A certificate for example.com and names below example.com, example.net and example.org, which only a proxy of a test leads anywhere; it signs itself.
 * Its key is public: it protects nothing, and no program of ours trusts it unless a test gives it as its authority.
 */
export const namesCertificate = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgg5JxAN9Qw0qkx9En
9ratPGxoUEcydleLqKeFwjxjtSWhRANCAATyTfMhsBQtJIQItjMI9KcuakjcrFvn
G1aM4ngcOJAx8Q3eRQdnPPMOGh0ztFF0DfanWwy0kDHh7c1ZJpaM5yLh
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIICODCCAd2gAwIBAgIUQO9RQBwBz4hYH7MU/e0r7UREI+IwCgYIKoZIzj0EAwIw
QzFBMD8GA1UEAww4VGVzdCBjZXJ0aWZpY2F0ZSBvZiBtYWlsY29yZG9uIGZvciBt
YW55IG5hbWVzLCB3b3J0aGxlc3MwIBcNMjYxMTIzMTg0NTU4WhgPMjEyNjEwMzAx
ODQ1NThaMEMxQTA/BgNVBAMMOFRlc3QgY2VydGlmaWNhdGUgb2YgbWFpbGNvcmRv
biBmb3IgbWFueSBuYW1lcywgd29ydGhsZXNzMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE8k3zIbAULSSECLYzCPSnLmpI3Kxb5xtWjOJ4HDiQMfEN3kUHZzzzDhod
M7RRdA32p1sMtJAx4e3NWSaWjOci4aOBrDCBqTAdBgNVHQ4EFgQUu96PjcB9T/IY
REmIEjq63K+gznIwHwYDVR0jBBgwFoAUu96PjcB9T/IYREmIEjq63K+gznIwDwYD
VR0TAQH/BAUwAwEB/zBWBgNVHREETzBNggtleGFtcGxlLmNvbYINKi5leGFtcGxl
LmNvbYINKi5leGFtcGxlLm5ldIINKi5leGFtcGxlLm9yZ4IRcHJveHkuZXhhbXBs
ZS5jb20wCgYIKoZIzj0EAwIDSQAwRgIhAId4ephopW0goHM0x7xNBTWgJ4F7+v5I
ybSMfzrKmzT2AiEA0GZ1M5cNeaSLY3P1IazFG3YVOs9gEvQTIT2Q46LQ8Dg=
-----END CERTIFICATE-----
`,
};
