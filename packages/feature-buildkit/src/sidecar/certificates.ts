import type { ExecManager, OperationOptions } from '@capstan/core'
import type { BuildKitCertificates } from '../buildkit-options.js'
import { writeFile, writeFileScript } from '../container/write-file.js'

/** The directory of ca.pem, cert.pem and key.pem in the sidecar. */
export const certificateDirectory = '/tmp/capstan-certificates'

/** The daemon starts when this file exists. */
export const certificatesReadyFile: string = `${certificateDirectory}/ready`

/** Writes the daemon's certificates. They are sent through stdin, so an inspection of the container does not show the key. */
export async function writeCertificates(
  execs: ExecManager,
  containerId: string,
  { certificates, signal }: OperationOptions & { readonly certificates: BuildKitCertificates | undefined },
): Promise<void> {
  if (certificates === undefined) return
  const { ca, cert, key } = certificates
  const target = { execs, containerId, signal }
  const write = (path: string, content: string) =>
    writeFile(target, { title: 'the certificates', script: certificateScript, path, content })
  for (const [name, text] of Object.entries({ ca, cert, key })) await write(`${certificateDirectory}/${name}.pem`, text)
  await write(certificatesReadyFile, '')
}

const certificateScript = `umask 077; mkdir -p ${certificateDirectory} && { ${writeFileScript}; }`
