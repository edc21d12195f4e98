"""The fan-out in nginx with Lua: capture all, decode, hide two texts, encode. Checks and traces nothing."""

import json
from pathlib import Path
from typing import Any


def _table(value: Any) -> str:
    """A value as Lua."""
    if isinstance(value, dict):
        return "{" + ",".join(f"[{json.dumps(str(k))}]={_table(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "{" + ",".join(_table(v) for v in value) + "}"
    return json.dumps(value)


def write(folder: Path, peers: dict[str, Any]) -> Path:
    """The configuration; one worker, in the foreground."""
    modules = "".join(
        f"load_module /usr/lib/nginx/modules/{name}.so;\n"
        for name in ("ndk_http_module", "ngx_http_lua_module")
    )
    ports = sorted({port for pairs in peers["ports"].values() for _, port in pairs})
    upstreams = "".join(
        f"upstream at_{port} {{ server 127.0.0.1:{port}; keepalive 512; keepalive_requests 100000000; keepalive_timeout 3600s; }}\n"
        for port in ports
    )
    lua = """
      local n, delay, id = tonumber(ngx.var[1]), ngx.var[2], ngx.var[3]
      local wanted, asked = ports[delay], {}
      for i = 1, n do asked[i] = {"/up/" .. wanted[i][2] .. "/" .. wanted[i][1] .. "/" .. id} end
      local answers, merged = {ngx.location.capture_multi(asked)}, {}
      for i = 1, n do
        if answers[i].status ~= 200 then return ngx.exit(502) end
        local answer, how = cjson.decode(answers[i].body), sections[wanted[i][1]]
        local row = answer.data[how.list][1]
        for _, name in ipairs(how.hide) do row[name] = string.rep("*", #row[name] - 6) .. string.sub(row[name], -6) end
        merged[wanted[i][1]] = answer
      end
      local body = cjson.encode({business_id = id, departments = merged})
      ngx.header["Content-Length"] = #body
      ngx.print(body)
    """
    text = f"""{modules}worker_processes 1; daemon off; master_process off; pid {folder}/peer.pid; error_log {folder}/peer.log error;
worker_rlimit_nofile 20000; events {{ worker_connections 16000; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 3600s; server_tokens off; tcp_nodelay on;
init_by_lua_block {{
  package.cpath = "/usr/lib/x86_64-linux-gnu/lua/5.1/?.so;" .. package.cpath
  package.path = "/usr/share/lua/5.1/?.lua;" .. package.path
  cjson = require "cjson"
  ports = {_table(peers["ports"])}
  sections = {_table(peers["sections"])}
}}
{upstreams}
server {{ listen 127.0.0.1:{peers["port"]} backlog=4096; default_type application/json;
  location ~ ^/up/(\\d+)/([a-z_]+)/(\\w+)$ {{ internal; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffers 8 8k;
    proxy_buffer_size 8k; subrequest_output_buffer_size 16k; proxy_pass http://at_$1/v1/sections/$2/$3; }}
  location ~ ^/n/(\\d+)/d/(\\d+)/v1/profiles/(\\w+)$ {{ content_by_lua_block {{ {lua} }} }}
}} }}
"""
    path = folder / "peer.conf"
    path.write_text(text, encoding="utf-8")
    return path
