"""Runs one job in a process of its own, as a cold start does, and says what the whole process has cost."""
import importlib.util
import json
import resource
import sys
import time

file, event_file = sys.argv[1:]
spec = importlib.util.spec_from_file_location("function", file)
function = importlib.util.module_from_spec(spec)
spec.loader.exec_module(function)
init = time.process_time() * 1000
with open(event_file) as event:
    function.handler(json.load(event), None)
print("\n@" + json.dumps({"init": init, "job": time.process_time() * 1000 - init, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
