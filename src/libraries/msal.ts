/** Tokens of Microsoft Entra ID. */
export {
  ConfidentialClientApplication,
  InteractionRequiredAuthError,
  ManagedIdentityApplication,
  PublicClientApplication,
} from "@azure/msal-node";
