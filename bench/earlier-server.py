"""The earlier telemetry server's ingest, re-created from its description, as a baseline.

One worker; each record becomes one Influx line; the batch is posted with a blocking call to a sink
that answers 204. Debian: python3-fastapi, python3-uvicorn, python3-requests.
Arguments: port of this server, URL of the sink.
"""

import sys
from typing import Any, Dict, List
from uuid import UUID

import requests
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
sink_url = sys.argv[2]


class Submission(BaseModel):
    installation_id: UUID
    heatpump_model: str
    version: str
    data: List[Dict[str, Any]]


def to_line(tags: str, record: Dict[str, Any]) -> str:
    fields = ",".join(f"{name}={value}" for name, value in record.items() if name != "timestamp")
    return f"heatpump_metrics,{tags} {fields} {int(record['timestamp'] * 1e9)}"


@app.post("/api/v1/submit")
async def submit(body: Submission):
    tags = f"installation_id={body.installation_id},model={body.heatpump_model}"
    lines = "\n".join(to_line(tags, record) for record in body.data)
    requests.post(sink_url, data=lines).raise_for_status()
    return {"status": "success", "processed": len(body.data)}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
