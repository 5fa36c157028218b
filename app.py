"""Where to begin: `python app.py` serves; servers and `flask` find `app`, tests `create_app`."""

from stats.web.flask_app import create_app
from stats.web.serve import application, main, worker

__all__ = ["create_app", "main", "worker"]

if __name__ == "__main__":
    main()
else:
    app = application()
