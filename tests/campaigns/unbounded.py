"""The gateway under uvicorn's own protocol class: the control of the campaign about clients."""

import argparse

import uvicorn


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(
        "app.cli.server:application",
        factory=True,
        port=parser.parse_args().port,
        http="httptools",
        access_log=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
