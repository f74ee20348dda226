/** `docker.io/library/busybox:1` → `busybox:1`: as people write it, and as a build was asked for it. */
export function toFamiliarName(reference: string): string {
  return reference.replace(/^docker\.io\/(library\/(?=[^/]+$))?/, '')
}

/** `busybox` → `docker.io/library/busybox:latest`: as the command line writes it. */
export function toFullName(reference: string): string {
  const [first = ''] = reference.split('/', 1)
  const hasHost = first !== reference && (/[.:]/.test(first) || first === 'localhost')
  const library = reference.includes('/') ? '' : 'library/'
  const path = hasHost ? reference : `docker.io/${library}${reference}`
  const name = path.slice(path.lastIndexOf('/') + 1)
  return /[:@]/.test(name) ? path : `${path}:latest`
}
