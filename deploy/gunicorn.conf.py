"""The web server: few processes, some threads, nothing secret, no requests' bodies in a log."""

wsgi_app = "benchserver.config.wsgi:application"
bind = "127.0.0.1:8000"
workers = 2
worker_class = "gthread"
threads = 8
timeout = 30  # seconds without a heartbeat before a worker is replaced
graceful_timeout = 20
keepalive = 5
max_requests = 10_000  # a slow leak never gets far
max_requests_jitter = 1_000
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
forwarded_allow_ips = "127.0.0.1"
control_socket_disable = True
accesslog = None  # the reverse proxy writes it
errorlog = "-"
loglevel = "info"
