/** The engine's socket on another machine. */
export interface SshTarget {
  readonly user: string | undefined
  /** A host name, an address, or a name in `~/.ssh/config`. */
  readonly host: string
  readonly port: number | undefined
  /** The path of the socket. `undefined`: Docker's default, or the one that docker's client there uses. */
  readonly socketPath: string | undefined
}

/** Parses what follows `ssh://`, as in docker: `[USER@]HOST[:PORT][/PATH]`. Returns `undefined` for another text. */
export function parseSshTarget(text: string): SshTarget | undefined {
  const [, user, ipv6, name, port, path] =
    /^(?:([^-\s:@/][^\s:@/]*)@)?(?:\[([0-9a-f:.]+)\]|([^-\s:@/[\]?#][^\s:@/[\]?#]*))(?::(\d+))?(\/[^\s:?#\\]*)?$/i.exec(
      text,
    ) ?? []
  const host = ipv6 ?? name
  if (host === undefined || Number(port ?? 22) > 65_535) return undefined
  return {
    user,
    host,
    port: port === undefined ? undefined : Number(port),
    socketPath: path === undefined || path === '/' ? undefined : path,
  }
}

/** Returns the target as it is in a command of the user: `-p 2222 user@host`. */
export function toSshText({ user, host, port }: SshTarget): string {
  return `${port === undefined ? '' : `-p ${port} `}${user === undefined ? '' : `${user}@`}${host}`
}

/**
 * Returns the arguments of ssh before the command. The user's configuration, agent and known hosts apply, but ssh asks no
 * question, and does not use the connection of another ssh.
 */
export function toSshArguments({ user, host, port }: SshTarget, options: readonly string[]): readonly string[] {
  return [
    ...['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=30', '-o', 'ControlMaster=no', '-o', 'ControlPath=none'],
    // A connection that is lost without a notice ends after 45 s.
    ...['-o', 'ServerAliveInterval=15', '-o', 'ServerAliveCountMax=2', '-T'],
    ...options,
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...['--', host],
  ]
}
