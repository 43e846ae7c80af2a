// A real OpenID provider on a free port of loopback, for the tests. Prints its issuer once it listens.
// Whoever is named in the form signs in: the people below, with what the provider says of them.
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const people = JSON.parse(process.argv[2])
const redirects = JSON.parse(process.argv[3]) // on loopback; a native client may be there on any port (RFC 8252)

const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'monitor', client_secret: 'between the two of us', application_type: 'native', redirect_uris: redirects,
        grant_types: ['authorization_code'], response_types: ['code'],
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username', 'groups'] },
    cookies: { keys: ['only for tests'] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/sign-in/${interaction.uid}` },
  })
  const callback = provider.callback()
  // Both of the provider's questions, who it is and whether the service may know, are answered by one address.
  server.on('request', async (request, response) => {
    const url = new URL(request.url, issuer)
    if (!url.pathname.startsWith('/sign-in/')) return callback(request, response)
    try {
      const { prompt, params, session } = await provider.interactionDetails(request, response)
      if (prompt.name === 'login') {
        const id = url.searchParams.get('as')
        if (!id) return response.end('who are you?')
        const result = id === 'nobody' ? { error: 'access_denied' } : { login: { accountId: id } }
        return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
      }
      const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
      grant.addOIDCScope(params.scope)
      const consent = { consent: { grantId: await grant.save() } }
      return provider.interactionFinished(request, response, consent, { mergeWithLastSubmission: true })
    } catch (error) {
      response.statusCode = 500
      return response.end(String(error))
    }
  })
  console.log(issuer)
})
