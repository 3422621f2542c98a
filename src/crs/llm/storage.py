"""The place of a batch's files where the vendor wants them in a bucket."""

import os
from typing import Any, Protocol
from urllib.parse import quote

from crs.errors import UserError

ADDRESS = "https://storage.googleapis.com"
SECONDS = 300


class Storage(Protocol):
    """Files under `scheme://bucket/name`."""

    def write(self, uri: str, data: bytes) -> None:
        """Make or replace a file."""
        ...

    def list(self, uri: str) -> list[str]:
        """The files whose names begin so."""
        ...

    def read(self, uri: str) -> bytes:
        """A file's content."""
        ...


class Bucket:
    """Google Cloud Storage through its JSON API, or an emulator (`STORAGE_EMULATOR_HOST`)."""

    def __init__(self, credentials: Any) -> None:
        from google.auth.transport.requests import AuthorizedSession

        self.session = AuthorizedSession(credentials)
        self.address = os.environ.get("STORAGE_EMULATOR_HOST", ADDRESS).rstrip("/")

    def write(self, uri: str, data: bytes) -> None:
        """As one upload."""
        bucket, name = parts(uri)
        answer = self.session.post(
            f"{self.address}/upload/storage/v1/b/{bucket}/o",
            params={"uploadType": "media", "name": name},
            data=data,
            timeout=SECONDS,
            headers={"Content-Type": "application/jsonl"},
        )
        answer.raise_for_status()

    def list(self, uri: str) -> list[str]:
        """All pages."""
        bucket, prefix = parts(uri)
        found, page = [], ""
        while True:
            answer = self.session.get(
                f"{self.address}/storage/v1/b/{bucket}/o",
                params={"prefix": prefix, "pageToken": page},
                timeout=SECONDS,
            )
            answer.raise_for_status()
            content = answer.json()
            found += [f"gs://{bucket}/{item['name']}" for item in content.get("items", [])]
            page = content.get("nextPageToken", "")
            if not page:
                return found

    def read(self, uri: str) -> bytes:
        """As one download."""
        bucket, name = parts(uri)
        answer = self.session.get(
            f"{self.address}/storage/v1/b/{bucket}/o/{quote(name, safe='')}",
            params={"alt": "media"},
            timeout=SECONDS,
        )
        answer.raise_for_status()
        return answer.content


def parts(uri: str) -> tuple[str, str]:
    """`gs://bucket/name` as bucket and name.

    Raises:
        UserError: if it is none.
    """
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    if not uri.startswith("gs://") or not bucket or not name:
        raise UserError(f"llm.bucket={uri}: type llm.bucket=gs://BUCKET/FOLDER")
    return bucket, name
