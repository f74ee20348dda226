/** An error as the sockets of Node give it: `code` is the errno. */
export function createNetworkError(code: string, host: string, port: number, why: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`connect ${code} ${host}:${port}: ${why}`), { code })
}
