package oauth

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"helpdeskd/migrations"
)

// assertionType is RFC 7523's name for signing in with a signed statement.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// certificate is what an application signs with instead of a secret.
type certificate struct {
	leaf *x509.Certificate
	key  *rsa.PrivateKey
}

// readCertificate reads the application's certificate and its key, both PEM.
func (c Config) readCertificate() (*certificate, error) {
	name, certFile, keyFile := "", c.CertFile, c.KeyFile
	var pair tls.Certificate
	var err error
	if c.Certificate != "" {
		pair, err = tls.X509KeyPair([]byte(c.Certificate), []byte(c.Certificate))
	} else {
		name = " " + certFile
		if keyFile == "" {
			keyFile = certFile
		}
		pair, err = tls.LoadX509KeyPair(certFile, keyFile)
	}
	if err != nil {
		return nil, &migrations.Error{Kind: migrations.Invalid, Err: err,
			Message: fmt.Sprintf("the application's certificate%s and its key can not be used: both must be PEM, belong together, and be readable for the helpdeskd user", name)}
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("read the application's certificate%s: %w", name, err)
	}
	key, ok := pair.PrivateKey.(*rsa.PrivateKey)
	if !ok || key.N.BitLen() < 2048 {
		return nil, migrations.Invalidf("the application's certificate%s does not have an RSA key of 2048 bits or more, which Entra ID wants: make one with openssl req -x509 -newkey rsa:2048", name)
	}
	return &certificate{leaf: leaf, key: key}, nil
}

// CheckCertificate reports what is wrong with the application's certificate: an
// Invalid error, nil where it can sign.
func (c Config) CheckCertificate() error {
	_, err := c.readCertificate()
	return err
}

// CertificateEnds returns until when the application's certificate is good,
// which is worth an alarm beforehand. The file is read anew each time.
func (c Config) CertificateEnds() (time.Time, error) {
	cert, err := c.readCertificate()
	if err != nil {
		return time.Time{}, err
	}
	return cert.leaf.NotAfter, nil
}

// assertion is the signed statement that we are the application, good for a
// few minutes. Source: Microsoft's page on certificate credentials (PS256,
// x5t#S256, aud is the token endpoint).
func (c *certificate) assertion(clientID, endpoint string, now time.Time) (string, error) {
	thumb := sha256.Sum256(c.leaf.Raw)
	head := map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(thumb[:])}
	claims := map[string]any{
		"aud": endpoint, "iss": clientID, "sub": clientID, "jti": rand.Text(),
		// Clocks differ a little.
		"nbf": now.Add(-time.Minute).Unix(), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	text := ""
	for _, part := range []map[string]any{head, claims} {
		b, err := json.Marshal(part)
		if err != nil {
			return "", fmt.Errorf("write an assertion: %w", err)
		}
		if text != "" {
			text += "."
		}
		text += base64.RawURLEncoding.EncodeToString(b)
	}
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPSS(rand.Reader, c.key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	if err != nil {
		return "", fmt.Errorf("sign an assertion: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig), nil
}
