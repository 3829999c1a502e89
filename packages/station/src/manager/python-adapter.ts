/**
 * Calls `Provisioning(provision_mode, header, port)` of the Python file that is its argument, as ST's tool does.
 * What the manager prints is log text; the true standard output is kept for the JSON lines.
 */
export const pythonAdapter = `
import importlib.util, io, json, os, sys
lines = os.fdopen(os.dup(1), 'w', encoding='utf-8')
os.dup2(2, 1)

def tell(**message):
    lines.write(json.dumps(message) + '\\n')
    lines.flush()

class Log(io.TextIOBase):
    rest = ''
    def writable(self):
        return True
    def write(self, text):
        *complete, self.rest = (self.rest + text).split('\\n')
        for line in complete:
            tell(type='log', text=line)
        return len(text)

log = sys.stdout = Log()
path = sys.argv[1]
sys.argv = [path]
sys.path.insert(0, os.path.dirname(path))
spec = importlib.util.spec_from_file_location('provisioning_manager', path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
message, code = module.Provisioning(int(os.environ['MODE']), os.environ['HEADER'], os.environ['PORT'])
if log.rest:
    log.write('\\n')
tell(type='result', code=int(code), message=str(message))
sys.stderr.flush()
os._exit(0)
`
