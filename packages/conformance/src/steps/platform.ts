/** Returns the platform of this machine in the format of an image. */
export function toPlatform(): string {
  return `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`
}
