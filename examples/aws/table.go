package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
)

// tableServer answers what this program asks of DynamoDB, and nothing else: it
// keeps one table whose key is id, and its queries know the condition id = :id.
// It checks that requests are signed for dynamodb, not that the signature is
// right. Give -dynamodb to run against a real one.
type tableServer struct {
	mu    sync.Mutex
	items map[string]item // guarded by mu; nil: there is no table
}

type item map[string]map[string]string

func (s *tableServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct {
		TableName                 string
		Item                      item
		ExpressionAttributeValues item
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil {
		fail(w, "SerializationException")
		return
	}
	if !strings.Contains(r.Header.Get("Authorization"), "/dynamodb/aws4_request") {
		fail(w, "MissingAuthenticationTokenException")
		return
	}
	description := map[string]string{"TableName": in.TableName, "TableStatus": "ACTIVE"}
	op := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_20120810.")
	switch {
	case op == "CreateTable" && s.items != nil:
		fail(w, "ResourceInUseException")
	case op == "CreateTable":
		s.items = make(map[string]item)
		answer(w, map[string]any{"TableDescription": description})
	case s.items == nil:
		fail(w, "ResourceNotFoundException")
	case op == "DescribeTable":
		answer(w, map[string]any{"Table": description})
	case op == "PutItem":
		s.items[in.Item["id"]["S"]] = in.Item
		answer(w, map[string]any{})
	case op == "Query":
		found := []item{}
		if it, ok := s.items[in.ExpressionAttributeValues[":id"]["S"]]; ok {
			found = append(found, it)
		}
		answer(w, map[string]any{"Items": found, "Count": len(found), "ScannedCount": len(found)})
	default:
		fail(w, "UnknownOperationException")
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	json.NewEncoder(w).Encode(v)
}

func fail(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": "this stand-in says no"})
}
