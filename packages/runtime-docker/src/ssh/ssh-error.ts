/** A failure of ssh, with a remedy. The text of ssh is English in every locale. */
export class SshError extends Error {
  /** `SSH_AUTHENTICATION`, `SSH_HOST_KEY` and others, see {@link toSshError}. */
  readonly code: string
  /** What the user can do, in the imperative. */
  readonly remedy: string

  constructor({ code, message, remedy }: Pick<SshError, 'code' | 'message' | 'remedy'>) {
    super(message)
    this.code = code
    this.remedy = remedy
  }
}

/** Returns the reason why ssh has ended, by its exit code and what it has printed. `host`: as in a command of the user. */
export function toSshError(stderr: string, { host, exitCode }: SshEnd): SshError {
  const lines = stderr.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
  const known = knownFailures.find(({ pattern }) => pattern.test(stderr))
  const message = lines.find((line) => known?.pattern.test(line)) ?? lines.at(-1) ?? `ssh exited with ${exitCode}`
  const { code, toRemedy } = known ?? {
    code: 'SSH_FAILED',
    toRemedy: (to: string) => `see the output of: ssh ${to} true`,
  }
  return new SshError({ code, message, remedy: toRemedy(host) })
}

/** How ssh has ended. */
export interface SshEnd {
  readonly host: string
  readonly exitCode: number | null
}

/** Whether another attempt can succeed: the server drops connections while too many are not authenticated (MaxStartups). */
export function isDropped(error: unknown): boolean {
  return error instanceof SshError && error.code === 'SSH_CLOSED'
}

interface KnownFailure {
  readonly pattern: RegExp
  readonly code: string
  readonly toRemedy: (host: string) => string
}

/** The messages of OpenSSH: https://github.com/openssh/openssh-portable */
const knownFailures: readonly KnownFailure[] = [
  {
    pattern: /HOST IDENTIFICATION HAS CHANGED/,
    code: 'SSH_HOST_KEY',
    toRemedy: (host) => `ask for the new key of the host, then remove the old one: ssh-keygen -R ${toKnownHost(host)}`,
  },
  {
    pattern: /Host key verification failed/,
    code: 'SSH_HOST_KEY',
    toRemedy: (host) => `verify and accept the key of the host once: ssh ${host} true`,
  },
  {
    pattern: /Permission denied \(|Too many authentication failures/,
    code: 'SSH_AUTHENTICATION',
    toRemedy: (host) =>
      `add a key to the agent (ssh-add), or configure one in ~/.ssh/config; check it by: ssh ${host} true`,
  },
  {
    pattern: /Could not resolve hostname/,
    code: 'ENOTFOUND',
    toRemedy: () => 'check the host name and the name server',
  },
  {
    pattern: /(Connection|Operation) timed out|No route to host|Network is unreachable/,
    code: 'SSH_UNREACHABLE',
    toRemedy: () => 'check the address, the network and the firewalls between',
  },
  {
    pattern: /connect to .*: Connection refused/,
    code: 'SSH_REFUSED',
    toRemedy: () => 'start the ssh server on that host, or check the port',
  },
  {
    pattern: /kex_exchange_identification|banner exchange|Connection (closed|reset) by|Connection to .* closed by/,
    code: 'SSH_CLOSED',
    toRemedy: () => 'see the log of the ssh server: it closes connections when too many begin at once (MaxStartups)',
  },
  {
    pattern: /^(sh|env): .*\bssh\b.*not found/m,
    code: 'SSH_MISSING',
    toRemedy: () => 'install the OpenSSH client',
  },
]

/** Returns the name of a host in known_hosts. */
function toKnownHost(host: string): string {
  const [, port, name = host] = /^-p (\d+) (.*)$/.exec(host) ?? []
  const own = name.replace(/^.*@/, '')
  return port === undefined ? own : `'[${own}]:${port}'`
}
