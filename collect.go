package requests

import "errors"

// JSON takes a verb's two results and decodes the content into a T. It checks
// the status, reads within MaxBody and closes the response.
func JSON[T any](r *Response, err error) (T, error) {
	var v T
	if err = collect(r, err); err != nil {
		return v, err
	}
	err = r.JSON(&v)
	return v, err
}

// Text takes a verb's two results and returns the content as text. It checks
// the status, reads within MaxBody and closes the response.
func Text(r *Response, err error) (string, error) {
	if err = collect(r, err); err != nil {
		return "", err
	}
	return r.Text(), nil
}

// Bytes takes a verb's two results and returns the content. It checks the
// status, reads within MaxBody and closes the response.
func Bytes(r *Response, err error) ([]byte, error) {
	if err = collect(r, err); err != nil {
		return nil, err
	}
	return r.Bytes(), nil
}

func collect(r *Response, err error) error {
	if err != nil {
		return err
	}
	if r == nil {
		return errors.New("the response is nil")
	}
	defer r.Close()
	if err := r.RaiseForStatus(); err != nil {
		return err
	}
	r.Bytes()
	return r.err
}
