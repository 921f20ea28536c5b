"""placeholder"""
import logging
def set_up_logging(level, *, secrets, stream):
    logging.basicConfig(level=level, stream=stream)
