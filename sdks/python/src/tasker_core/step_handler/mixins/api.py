"""HTTP calls whose answers are classified as success, retryable or permanent failure."""

from __future__ import annotations

import email.utils
import json
import ssl
import time
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import httpx

from tasker_core.types.results import StepHandlerResult

ERROR_TYPES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    409: "conflict",
    410: "gone",
    422: "unprocessable_entity",
    429: "rate_limited",
    500: "internal_server_error",
    502: "bad_gateway",
    503: "service_unavailable",
    504: "gateway_timeout",
}
RETRYABLE_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_DETAIL_KEYS = ("error", "message", "detail", "error_message", "msg")
_UNREADABLE_RETRY_AFTER = 60
#: Python 3.13 has another phrase; messages should not depend on the version.
_PHRASES = {422: "Unprocessable Entity"}


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    """Reading the certificates costs more than most requests, so it is done once."""
    return httpx.create_ssl_context()


class ApiResponse:
    """An HTTP response with its body decoded: an object for JSON, else the text."""

    def __init__(self, response: httpx.Response, body: Any = None) -> None:
        self.raw_response = response
        self.status_code: int = response.status_code
        self.headers: dict[str, str] = dict(response.headers)
        self.body: Any = _decoded(response) if body is None else body

    @property
    def ok(self) -> bool:
        return 200 <= self.status_code < 300

    @property
    def is_client_error(self) -> bool:
        return 400 <= self.status_code < 500

    @property
    def is_server_error(self) -> bool:
        return 500 <= self.status_code < 600

    @property
    def is_retryable(self) -> bool:
        """408, 429, 500, 502, 503, 504."""
        return self.status_code in RETRYABLE_STATUSES

    @property
    def retry_after(self) -> int | None:
        """The ``Retry-After`` header in seconds; 60 when it is a date or unreadable, None when absent."""
        value = self.raw_response.headers.get("retry-after")
        if value is None:
            return None
        try:
            return int(value)
        except ValueError:
            return _UNREADABLE_RETRY_AFTER

    def to_dict(self) -> dict[str, Any]:
        return {"status_code": self.status_code, "headers": self.headers, "body": self.body}

    def __repr__(self) -> str:
        return f"ApiResponse(status_code={self.status_code})"


def _decoded(response: httpx.Response) -> Any:
    if "json" in response.headers.get("content-type", ""):
        try:
            return response.json()
        except (json.JSONDecodeError, UnicodeDecodeError, ValueError):
            pass
    return response.text


class APIMixin:
    """``self.get()`` and its siblings, and results made from what they return. Time-outs are in seconds."""

    base_url: str = ""
    default_timeout: float = 30.0
    default_headers: dict[str, str] = {}

    _client: httpx.Client | None = None

    @property
    def client(self) -> httpx.Client:
        """The HTTP client, made at first use; put another into ``_client`` for tests.

        A worker closes it after the step, so nothing of one step (cookies, for example) reaches the next.
        """
        if self._client is None:
            self._client = httpx.Client(
                base_url=self.base_url,
                timeout=self.default_timeout,
                headers=dict(self.default_headers),
                verify=_tls_context(),
            )
        return self._client

    def close(self) -> None:
        """Close the client of this instance; the next call makes a new one."""
        client = self.__dict__.pop("_client", None)
        if client is not None:
            client.close()

    @property
    def api_capabilities(self) -> list[str]:
        return ["http", "api"]

    # Verbs. Exceptions of httpx propagate.

    def get(
        self, path: str, params: dict[str, Any] | None = None, headers: dict[str, str] | None = None, **kwargs: Any
    ) -> ApiResponse:
        return self.request("GET", path, params=params, headers=headers, **kwargs)

    def post(
        self, path: str, json: Any = None, data: Any = None, headers: dict[str, str] | None = None, **kwargs: Any
    ) -> ApiResponse:
        return self.request("POST", path, json=json, data=data, headers=headers, **kwargs)

    def put(
        self, path: str, json: Any = None, data: Any = None, headers: dict[str, str] | None = None, **kwargs: Any
    ) -> ApiResponse:
        return self.request("PUT", path, json=json, data=data, headers=headers, **kwargs)

    def patch(
        self, path: str, json: Any = None, data: Any = None, headers: dict[str, str] | None = None, **kwargs: Any
    ) -> ApiResponse:
        return self.request("PATCH", path, json=json, data=data, headers=headers, **kwargs)

    def delete(self, path: str, headers: dict[str, str] | None = None, **kwargs: Any) -> ApiResponse:
        return self.request("DELETE", path, headers=headers, **kwargs)

    def request(self, method: str, path: str, **kwargs: Any) -> ApiResponse:
        """Any method; keywords go to ``httpx.Client.request``."""
        return ApiResponse(self.client.request(method, path, **kwargs))

    # Results

    def api_success(
        self, response: ApiResponse | None = None, result: dict[str, Any] | None = None, include_response: bool = True
    ) -> StepHandlerResult:
        """The body as result (``{"data": body}`` when it is no object), or ``result`` instead of it."""
        if result is None:
            body = response.body if response is not None else {}
            result = body if isinstance(body, dict) else {"data": body}
        metadata: dict[str, Any] = {}
        if response is not None and include_response:
            metadata = {"status_code": response.status_code, "headers": response.headers}
        return StepHandlerResult._make_success(result, metadata)

    def api_failure(self, response: ApiResponse, message: str | None = None) -> StepHandlerResult:
        """A failure classified by the status: 408, 429 and every 5xx are tried again."""
        metadata: dict[str, Any] = {"status_code": response.status_code, "headers": response.headers}
        wait = _seconds_to_wait(response)
        if wait is not None:
            metadata["retry_after_seconds"] = wait
        if response.body not in (None, "", {}, []):
            metadata["response_body"] = response.body
        return StepHandlerResult.failure(
            message or self._format_error_message(response),
            self._classify_error(response),
            response.is_retryable or response.is_server_error,
            metadata,
        )

    def connection_error(self, error: Exception, context: str | None = None) -> StepHandlerResult:
        """A retryable failure for a connection that could not be made or broke."""
        return self._transport_failure("Connection error", "connection_error", error, context)

    def timeout_error(self, error: Exception, context: str | None = None) -> StepHandlerResult:
        """A retryable failure for an answer that took too long."""
        return self._transport_failure("Request timeout", "timeout", error, context)

    @staticmethod
    def _transport_failure(what: str, error_type: str, error: Exception, context: str | None) -> StepHandlerResult:
        doing = f" while {context}" if context else ""
        return StepHandlerResult.failure(
            f"{what}{doing}: {error}", error_type, True, {"exception_type": type(error).__name__}
        )

    def _classify_error(self, response: ApiResponse) -> str:
        known = ERROR_TYPES.get(response.status_code)
        if known is not None:
            return known
        if response.is_client_error:
            return "client_error"
        return "server_error" if response.is_server_error else "http_error"

    def _format_error_message(self, response: ApiResponse) -> str:
        detail = _detail_of(response.body)
        if detail is None:
            try:
                detail = _PHRASES.get(response.status_code) or HTTPStatus(response.status_code).phrase
            except ValueError:
                detail = "Unknown error"
        return f"HTTP {response.status_code}: {detail}"


def _detail_of(body: Any) -> str | None:
    if not isinstance(body, dict):
        return None
    for key in _DETAIL_KEYS:
        value = body.get(key)
        if isinstance(value, dict):
            value = value.get("message")
        if isinstance(value, str) and value:
            return value
    return None


def _seconds_to_wait(response: ApiResponse) -> float | None:
    """What the orchestrator should wait: a date is turned into seconds from now."""
    value = response.raw_response.headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0, int(value))
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return _UNREADABLE_RETRY_AFTER
    return max(0, round(moment.timestamp() - time.time()))
